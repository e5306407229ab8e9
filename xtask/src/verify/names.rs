// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Names of functions, short enough to read.

/// `<core::engine::Engine<A, B>>::settle` is `Engine::settle`, `<A as B>::f::<C>` is `A::f`,
/// `a::b::c::f` is `c::f`.
pub(super) fn short(name: &str) -> String {
    if name.starts_with('<') && name.split_once('<').and_then(|(_, text)| matching(text)).is_none()
    {
        return name.to_string();
    }
    if let Some((head, rest)) = name.strip_prefix('<').and_then(matching) {
        let of = head.split(" as ").next().unwrap_or(head);
        return format!("{}{}", last(&plain(of), 1), plain(rest));
    }
    last(&plain(name), 2)
}

/// Splits behind the `>` that closes a `<` before the text.
fn matching(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if !text[..at].ends_with('-') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..at], &text[at + 1..]));
        }
    }
    None
}

/// The text without what stands in angle brackets.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '<' => {
                depth += 1;
                if out.ends_with("::") {
                    out.truncate(out.len() - 2);
                }
            }
            '>' if depth > 0 => depth -= 1,
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

/// The last segments of a path.
fn last(path: &str, segments: usize) -> String {
    let all: Vec<&str> = path.split("::").collect();
    all[all.len().saturating_sub(segments)..].join("::")
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn names() {
        let check = |name, expect: &str| assert_eq!(short(name), expect);
        check("<core::engine::Engine<A, core::io::Pipe<B>>>::settle", "Engine::settle");
        check(
            "<core::io::Slot<A> as core::io::Slot<B>>::submit::<core::os::Atomic<30>>",
            "Slot::submit",
        );
        check("tern_chips::rtl8192c::desc::legacy_index", "desc::legacy_index");
        check("core::iter::fold::<A, B>::{closure#0}", "fold::{closure#0}");
        check("tern_work", "tern_work");
        check("<&A as core::fmt::Debug>::fmt", "&A::fmt");
        check("<broken", "<broken");
        check("", "");
    }
}
