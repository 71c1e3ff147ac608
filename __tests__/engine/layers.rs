//! Which folder of the engine may name which: `docs/design/hub.md` says what for. A circle that is gone does not come back.

use std::{fs, path::Path};

/// A folder or file of `src/engine`, and what it does not name.
const APART: &[(&str, &[&str])] = &[
    // Rooms know publications and a broker, and nothing of frames and sockets.
    ("rooms", &["socketio", "transport", "http", "hub", "io", "connection", "commands"]),
    // Requests know rooms and clients, and no transport.
    ("commands", &["socketio", "transport", "http", "hub", "io", "connection"]),
    // The transport knows bytes, and nothing of what they mean.
    (
        "transport",
        &["socketio", "http", "hub", "io", "connection", "commands", "rooms", "client", "clients", "core"],
    ),
    (
        "socketio",
        &["http", "hub", "io", "connection", "commands", "rooms", "client", "clients", "core", "host"],
    ),
    ("http", &["socketio", "hub", "io", "connection", "commands", "rooms", "client", "clients"]),
    ("hub", &["transport", "http", "io", "connection", "commands", "core", "host"]),
    (
        "jwt",
        &["socketio", "transport", "http", "hub", "io", "connection", "commands", "rooms", "core", "host"],
    ),
    ("host", &["socketio", "http", "hub", "connection", "commands", "core"]),
    ("way_out", &["transport", "http", "core", "host"]),
    ("schema", &["rooms", "core", "host"]),
];

/// The Rust files below a path, and their text without tests.
fn files(path: &Path) -> Vec<(String, String)> {
    if path.is_dir() {
        return fs::read_dir(path).unwrap().flat_map(|entry| files(&entry.unwrap().path())).collect();
    }
    let name = path.display().to_string();
    if !name.ends_with(".rs") || name.contains("tests") || name.ends_with("testing.rs") {
        return Vec::new();
    }
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    vec![(name, code.join("\n"))]
}

/// The modules of the engine that a file names, by `use` or in the middle of its code: what follows `crate::engine::`, or as many `super::` as
/// lead there, also in braces.
fn named(text: &str, depth: usize) -> Vec<String> {
    let mut names = Vec::new();
    let up = "super::".repeat(depth);
    for prefix in ["crate::engine::", up.as_str()] {
        for (at, _) in text.match_indices(prefix) {
            if text[..at].ends_with("super::")
                || text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
            {
                continue;
            }
            let rest = &text[at + prefix.len()..];
            let first = |part: &str| -> String {
                part.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
            };
            let Some(inside) = rest.strip_prefix('{') else {
                names.push(first(rest));
                continue;
            };
            let mut level = 0;
            let mut begin = 0;
            for (index, character) in inside.char_indices() {
                match character {
                    '{' => level += 1,
                    '}' if level == 0 => {
                        names.push(first(&inside[begin..index]));
                        break;
                    }
                    '}' => level -= 1,
                    ',' if level == 0 => {
                        names.push(first(&inside[begin..index]));
                        begin = index + 1;
                    }
                    _ => {}
                }
            }
        }
    }
    names
}

#[test]
fn a_folder_names_only_what_it_stands_on() {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine");
    let mut wrong = Vec::new();
    for (folder, apart) in APART {
        let mut found = 0;
        for path in [engine.join(folder), engine.join(format!("{folder}.rs"))] {
            if !path.exists() {
                continue;
            }
            for (name, text) in files(&path) {
                found += 1;
                let below = Path::new(&name).strip_prefix(&engine).unwrap();
                let is_root = below.components().count() == 1 || name.ends_with("mod.rs");
                let depth =
                    below.components().count() - usize::from(is_root && below.components().count() > 1);
                for other in named(&text, depth) {
                    if apart.contains(&other.as_str()) {
                        wrong.push(format!("{} names {other}", below.display()));
                    }
                }
            }
        }
        assert!(found > 0, "there is no {folder}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_engine_never_names_the_binding() {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine");
    for (name, text) in files(&engine) {
        assert!(!text.contains("napi") && !text.contains("crate::binding"), "{name}");
    }
}

#[test]
fn what_is_named_is_found_however_it_is_written() {
    let text = "use super::{\n    core::Core,\n    host::{Call, Hooks},\n};\nuse crate::engine::rooms;\nfn f() { crate::engine::io::x() }";
    assert_eq!(named(text, 1), ["rooms", "io", "core", "host", ""]);
    assert_eq!(named("use super::super::socketio::Socket;", 2), ["socketio"]);
}
