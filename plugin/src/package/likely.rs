//! Judges by name which files users are likely to miss if they are left out.

use std::path::Path;

/// Leftovers of tools, which users do not miss.
const RUBBISH: &[&str] = &[
    ".coverage",
    ".ds_store",
    ".eggs",
    ".git",
    ".idea",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    ".vscode",
    "__pycache__",
    "thumbs.db",
];
const RUBBISH_ENDINGS: &[&str] = &["egg-info", "pyc", "pyo", "swp"];
/// Directories known by name; they hold many files of no interest.
const CLOSED: &[&str] = &[".terraform", "node_modules", "target"];
/// Present in every virtual environment.
const VIRTUAL_ENVIRONMENT: &str = "pyvenv.cfg";

/// Endings of models, which an application is most likely to miss, whatever their size.
const MODELS: &[&str] = &[
    "bin",
    "ckpt",
    "gguf",
    "ggml",
    "h5",
    "joblib",
    "keras",
    "model",
    "npy",
    "npz",
    "onnx",
    "pb",
    "pickle",
    "pkl",
    "pt",
    "pth",
    "safetensors",
    "tflite",
];

pub(super) fn is_rubbish(name: &str) -> bool {
    let name = last(name);
    RUBBISH.contains(&&*name) || ends_with_one_of(&name, RUBBISH_ENDINGS)
}

pub(super) fn is_closed(name: &str) -> bool {
    CLOSED.contains(&&*last(name))
}

pub(super) fn is_model(name: &str) -> bool {
    ends_with_one_of(&last(name), MODELS)
}

pub(super) fn is_environment(dir: &Path) -> bool {
    dir.join(VIRTUAL_ENVIRONMENT).is_file()
}

fn last(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.to_ascii_lowercase()
}

fn ends_with_one_of(name: &str, endings: &[&str]) -> bool {
    let ending = Path::new(name)
        .extension()
        .and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| endings.contains(&ending))
}
