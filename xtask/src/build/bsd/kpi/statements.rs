// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A header's declarations as C that a compiler accepts only beside the same ones.

/// Begins the name of a struct that stands beside the real one.
const BESIDE: &str = "tern_kpi_";

/// What has to hold of the declarations in `header`; of structs in `exempt` nothing.
pub(super) fn assertions(header: &str, exempt: &[String]) -> String {
    let (code, macros) = split(header);
    let mut text = String::new();
    let constants = macros.iter().filter(|(name, value)| !name.contains('(') && is_number(value));
    for (name, value) in constants {
        text.push_str(&format!("_Static_assert(({name}) == ({value}), \"{name}\");\n"));
    }
    for statement in statements(&code) {
        text.push_str(&declared(&statement, exempt));
    }
    text
}

/// The code without comments and preprocessor's lines, and the macros that name a value.
fn split(header: &str) -> (String, Vec<(String, String)>) {
    let header = without_comments(header).replace("\\\n", " ");
    let mut code = String::new();
    let mut macros = Vec::new();
    for line in header.lines() {
        let Some(directive) = line.trim_start().strip_prefix('#') else {
            code.push_str(line);
            code.push('\n');
            continue;
        };
        if let Some(rest) = directive.trim_start().strip_prefix("define") {
            let rest = rest.trim();
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (name, value) = rest.split_at(end);
            macros.push((name.to_string(), value.trim().to_string()));
        }
    }
    (code, macros)
}

fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        out.push(' ');
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

/// Whether a macro's value can be compared as a number: a literal or another constant's name.
fn is_number(value: &str) -> bool {
    let constant = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let literal = value
        .strip_prefix("0x")
        .is_some_and(|hex| !hex.is_empty() && hex.chars().all(|c| c.is_ascii_hexdigit()));
    literal || (!value.is_empty() && value.chars().all(constant) && !value.starts_with('_'))
}

/// Splits at the semicolons (and bodies of functions) that stand in no braces.
fn statements(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut depth = 0;
    let mut now = String::new();
    for c in code.chars() {
        now.push(c);
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        let body = c == '}' && depth == 0 && now.trim_start().starts_with("static");
        if depth == 0 && (c == ';' || body) {
            found.push(now.split_whitespace().collect::<Vec<_>>().join(" "));
            now.clear();
        }
    }
    found
}

/// A statement as an assertion.
fn declared(statement: &str, exempt: &[String]) -> String {
    if statement.starts_with("static") {
        return String::new();
    }
    let Some((head, body)) = statement.split_once('{') else {
        // Some functions are macros as well.
        let undef = function(statement).map(|name| format!("#undef {name}\n"));
        return format!("{}{statement}\n", undef.unwrap_or_default());
    };
    let body = body.rsplit_once('}').map_or(body, |(body, _)| body);
    let words: Vec<&str> = head.split_whitespace().collect();
    match words[..] {
        ["enum", ..] | ["typedef", "enum", ..] => constants(body),
        ["struct", name, ..] if !exempt.iter().any(|exempt| exempt == name) => beside(name, body),
        _ => String::new(),
    }
}

/// The name of the function that a statement declares.
fn function(statement: &str) -> Option<&str> {
    let (head, _) = statement.split_once('(').filter(|_| !statement.starts_with("typedef"))?;
    let name = head.trim_end().rsplit([' ', '*']).next()?;
    (!name.is_empty()).then_some(name)
}

/// The constants of an enumeration.
fn constants(body: &str) -> String {
    let mut text = String::new();
    let mut value = String::from("0");
    for constant in body.split(',').map(str::trim).filter(|constant| !constant.is_empty()) {
        let name = match constant.split_once('=') {
            Some((name, given)) => {
                value = given.trim().to_string();
                name.trim()
            }
            None => constant,
        };
        text.push_str(&format!("_Static_assert({name} == ({value}), \"{name}\");\n"));
        value = format!("({value}) + 1");
    }
    text
}

/// A struct under another name, of the same size and with its fields in the same places.
fn beside(name: &str, body: &str) -> String {
    let mut text = format!(
        "struct {BESIDE}{name} {{ {body} }};\n_Static_assert(sizeof(struct {BESIDE}{name}) == \
         sizeof(struct {name}), \"struct {name}\");\n"
    );
    for field in fields(body) {
        text.push_str(&format!(
            "_Static_assert(__builtin_offsetof(struct {BESIDE}{name}, {field}) == \
             __builtin_offsetof(struct {name}, {field}) && \
             sizeof(((struct {BESIDE}{name} *)0)->{field}) == \
             sizeof(((struct {name} *)0)->{field}), \"{name}.{field}\");\n"
        ));
    }
    text
}

/// The names of the fields of a struct's own, those of structs within it left out.
fn fields(body: &str) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for statement in statements(body) {
        let outer = match (statement.find('{'), statement.rfind('}')) {
            (Some(from), Some(to)) => format!("{}{}", &statement[..from], &statement[to + 1..]),
            _ => statement,
        };
        let declarator = outer.trim_end_matches(';');
        // A pointer to a function, (*name)(...), or else the last name before any [].
        let text = match declarator.split_once("(*") {
            Some((_, rest)) => rest.split(')').next().unwrap_or_default(),
            None => declarator.split('[').next().unwrap_or_default(),
        };
        for part in text.split(',') {
            let name: String =
                part.trim().rsplit(|c| !is_name(c)).next().unwrap_or_default().into();
            if !name.is_empty() {
                found.push(name);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_types_are_declared_again() {
        let header =
            "#ifndef X\n#define X\n/* a; { */\nint f(int,\n    void *);\nstruct a;\n#endif\n";
        assert_eq!(assertions(header, &[]), "#undef f\nint f(int, void *);\nstruct a;\n");
        assert_eq!(assertions("static inline int g(void) { return 1; }\n", &[]), "");
    }

    #[test]
    fn numbers_are_asserted() {
        let text =
            assertions("#define A 0x0f\n#define B(x) 1\n#define C ci.x\n#define D A_B\n", &[]);
        assert_eq!(text.lines().count(), 2, "{text}");
        let text = assertions("typedef enum { X = 3, Y, } t;\n", &[]);
        assert!(text.contains("X == (3)") && text.contains("Y == ((3) + 1)"), "{text}");
    }

    #[test]
    fn structs_stand_beside_the_real_ones() {
        let header = "struct s { int a, b; void (*f)(int); char c[4]; struct { int x; } d; };";
        let text = assertions(header, &[]);
        for field in ["a", "b", "f", "c", "d"] {
            assert!(text.contains(&format!("struct s, {field})")), "{field}: {text}");
        }
        assert!(!text.contains("struct s, x)"));
        assert_eq!(assertions(header, &["s".to_string()]), "");
    }
}
