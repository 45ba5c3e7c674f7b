//! Which top-level modules of a crate use which others, read from its sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// By the name of the module. Tests may use what they like: their modules are left out.
pub(crate) fn imports(src: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut imports = BTreeMap::new();
    for entry in fs::read_dir(src).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            let used = imports.entry(module.clone()).or_default();
            read_folder(&path, 1, used);
        } else if module != "lib" && module != "main" {
            let used = imports.entry(module.clone()).or_default();
            read_file(&path, 1, used);
        }
    }
    for (module, used) in &mut imports {
        used.remove(module);
    }
    imports
}

/// `depth` is how many `super` lead from the folder's module to the crate.
fn read_folder(folder: &Path, depth: usize, used: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name.contains("tests") {
        } else if path.is_dir() {
            read_folder(&path, depth + 1, used);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let depth = if name == "mod" { depth } else { depth + 1 };
            read_file(&path, depth, used);
        }
    }
}

fn read_file(file: &Path, depth: usize, used: &mut BTreeSet<String>) {
    let text = fs::read_to_string(file).unwrap();
    let code: TokenStream = text.parse().unwrap();
    read(&code.into_iter().collect::<Vec<_>>(), depth, used);
}

fn read(tokens: &[TokenTree], depth: usize, used: &mut BTreeSet<String>) {
    let mut at = 0;
    while at < tokens.len() {
        if is_word(tokens, at, "mod") && is_word(tokens, at + 1, "tests") {
            at += 3;
            continue;
        }
        let starts_path = !is_path_separator(tokens, at.wrapping_sub(2));
        if starts_path && is_word(tokens, at, "crate") && is_path_separator(tokens, at + 1) {
            first_names(&tokens[at + 3..], used);
        } else if starts_path && is_word(tokens, at, "super") {
            let mut supers = 0;
            while is_word(tokens, at, "super") && is_path_separator(tokens, at + 1) {
                supers += 1;
                at += 3;
            }
            if supers >= depth && supers > 0 {
                first_names(&tokens[at..], used);
            }
        }
        if let Some(TokenTree::Group(group)) = tokens.get(at) {
            let inner: Vec<_> = group.stream().into_iter().collect();
            read(&inner, depth, used);
        }
        at += 1;
    }
}

/// The name that a path goes on with, or those of `{one::…, another}`.
fn first_names(rest: &[TokenTree], used: &mut BTreeSet<String>) {
    match rest.first() {
        Some(TokenTree::Ident(name)) => keep(&name.to_string(), used),
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let inner: Vec<_> = group.stream().into_iter().collect();
            for one in
                inner.split(|token| matches!(token, TokenTree::Punct(p) if p.as_char() == ','))
            {
                first_names(one, used);
            }
        }
        _ => {}
    }
}

/// Types that the crate itself exports stand for no folder.
fn keep(name: &str, used: &mut BTreeSet<String>) {
    if name.starts_with(|first: char| first.is_ascii_lowercase()) && name != "self" {
        used.insert(name.to_owned());
    }
}

fn is_word(tokens: &[TokenTree], at: usize, word: &str) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Ident(ident)) if ident == word)
}

fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon =
        |at| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    is_colon(at) && is_colon(at.wrapping_add(1))
}
