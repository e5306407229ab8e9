// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! How long functions and files may be.

use proc_macro2::Span;
use syn::visit::{self, Visit};

use super::Finding;
use super::sources::Source;

/// Lines of a function, signature and closing brace included.
const FUNCTION_LINES_MAX: usize = 70;

/// Lines of a file. Tables (files without a function) may be longer.
const FILE_LINES_MAX: usize = 500;

/// Measures one Rust file.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    // What does not parse was reported by the token rules, or is for a newer edition than syn knows.
    let file = match syn::parse_file(&source.text) {
        Ok(file) => file,
        Err(error) => {
            let what = format!("does not parse: {error}");
            return vec![Finding::new(&source.path, error.span().start().line, what)];
        }
    };
    let mut functions = Functions { path: &source.path, count: 0, findings: Vec::new() };
    functions.visit_file(&file);
    let lines = source.text.lines().count();
    if functions.count > 0 && lines > FILE_LINES_MAX {
        let what = format!("{lines} lines, and a file may have {FILE_LINES_MAX}");
        functions.findings.push(Finding::new(&source.path, 0, what));
    }
    functions.findings
}

/// Visits the functions of a file.
struct Functions<'a> {
    path: &'a str,
    count: usize,
    findings: Vec<Finding>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &syn::Signature, end: Span) {
        self.count += 1;
        let first = signature.fn_token.span.start().line;
        let lines = end.end().line.saturating_sub(first) + 1;
        if lines > FUNCTION_LINES_MAX {
            let name = &signature.ident;
            let what =
                format!("{name} has {lines} lines; a function may have {FUNCTION_LINES_MAX}");
            self.findings.push(Finding::new(self.path, first, what));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        self.measure(&node.sig, node.block.brace_token.span.close());
        visit::visit_item_fn(self, node);
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        self.measure(&node.sig, node.block.brace_token.span.close());
        visit::visit_impl_item_fn(self, node);
    }

    fn visit_trait_item_fn(&mut self, node: &'ast syn::TraitItemFn) {
        if let Some(block) = &node.default {
            self.measure(&node.sig, block.brace_token.span.close());
        }
        visit::visit_trait_item_fn(self, node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: String) -> Vec<String> {
        check(&Source::new("core/src/x.rs", &text))
            .into_iter()
            .map(|finding| finding.what)
            .collect()
    }

    #[test]
    fn long_functions() {
        let body = |lines: usize| format!("fn f() {{\n{}}}\n", "    g();\n".repeat(lines));
        assert!(found(body(68)).is_empty());
        assert_eq!(found(body(69)).len(), 1);
        let method = format!("impl X {{\n{}}}\n", body(69));
        assert_eq!(found(method).len(), 1);
        let default = format!("trait X {{\n{}}}\n", body(69));
        assert_eq!(found(default).len(), 1);
        let inner = format!("fn g() {{}}\nmod x {{\n{}}}\n", body(69));
        assert_eq!(found(inner).len(), 1);
    }

    #[test]
    fn long_files() {
        let table = format!("const T: &[u8] = &[\n{}];\n", "    1,\n".repeat(600));
        assert!(found(table.clone()).is_empty(), "a table may be long");
        assert_eq!(found(format!("{table}fn f() {{}}\n")).len(), 1);
    }
}
