//! Recognizes files that may hold a secret: by name and, where a name is ambiguous, by their first
//! bytes.

use std::path::Path;

use crate::userinfo::masked;

/// Number of bytes of a file that are examined.
pub(super) const START: usize = 4096;

/// Directories whose files all count as credentials.
const DIRECTORIES: &[&str] = &[
    ".aws", ".azure", ".gcloud", ".gnupg", ".kube", ".oci", ".ssh", "gcloud",
];

/// Names are in lower case, here and below.
const NAMES: &[&str] = &[
    "_netrc",
    ".boto",
    ".databrickscfg",
    ".dockercfg",
    ".env",
    ".envrc",
    ".git-credentials",
    ".htpasswd",
    ".my.cnf",
    ".netrc",
    ".pgpass",
    ".s3cfg",
    ".secrets",
    ".vault-token",
    "application_default_credentials.json",
    "credentials.json",
    "kaggle.json",
    "kubeconfig",
    "kubeconfig.json",
    "kubeconfig.yaml",
    "kubeconfig.yml",
    "rclone.conf",
    "secrets.json",
    "secrets.toml",
    "secrets.yaml",
    "secrets.yml",
    "token.json",
];

/// Paths whose last name alone is common and harmless.
const PLACES: &[&str] = &[
    ".config/gh/hosts.yml",
    ".docker/config.json",
    "huggingface/token",
];

/// Endings of templates: `.env.local` holds the secrets that `.env.example` leaves out.
const EXAMPLES: &[&str] = &["dist", "example", "sample", "schema", "template"];

const ENDINGS: &[&str] = &[
    ".jks",
    ".kdbx",
    ".keystore",
    ".kubeconfig",
    ".p12",
    ".pfx",
    ".ppk",
    ".tfstate",
    ".tfstate.backup",
    ".tfvars",
];

/// Names of files that may be harmless, and the content that shows it.
const KEYS: &[&str] = &[".key", ".pem"];
const PUBLIC: &[&str] = &["BEGIN CERTIFICATE", "BEGIN PUBLIC KEY", "BEGIN X509 CRL"];
const PRIVATE: &str = "PRIVATE KEY-----";

/// Names of files that hold a secret only if one of these words is in them.
const SETTINGS: &[(&str, &[&str])] = &[
    (".npmrc", &["_authtoken", "_auth", "_password"]),
    (".pypirc", &["password"]),
    ("pip.conf", &["://"]),
    ("config.json", &["\"auths\""]),
];

/// Whether a file of this name that begins so looks like credentials. A name is a path with `/`.
pub(super) fn is_one(name: &str, start: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&start[..start.len().min(START)]);
    let path = name.to_ascii_lowercase();
    let (directories, file) = path.rsplit_once('/').unwrap_or(("", &path));
    if has_ending(file, ".pub") {
        return false;
    }
    is_below_one(directories)
        || NAMES.contains(&file)
        || is_place(&path)
        || is_env(file)
        || is_ssh_key(file)
        || ENDINGS.iter().any(|ending| file.ends_with(ending))
        || is_key(file, &text)
        || has_secret(file, &text)
        || begins_with_key(&text)
        || (has_ending(file, ".json") && is_service_account(&text))
}

/// The same for a directory and everything in it.
pub(super) fn is_directory(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| is_below_one(&name.to_ascii_lowercase()))
}

fn is_below_one(directories: &str) -> bool {
    directories
        .split('/')
        .any(|name| DIRECTORIES.contains(&name))
}

fn has_ending(file: &str, ending: &str) -> bool {
    Path::new(file)
        .extension()
        .is_some_and(|extension| extension == &ending[1..])
}

fn is_place(path: &str) -> bool {
    PLACES.iter().any(|place| {
        let before = path.strip_suffix(place);
        before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
    })
}

fn is_env(file: &str) -> bool {
    let Some(kind) = file.strip_prefix(".env.") else {
        return has_ending(file, ".env");
    };
    !kind.split('.').any(|part| EXAMPLES.contains(&part))
}

/// `id_ed25519`, `id_rsa.old` and `id_work`, but not `id_map.json`.
fn is_ssh_key(file: &str) -> bool {
    let Some(kind) = file.strip_prefix("id_") else {
        return false;
    };
    let of_ssh = ["rsa", "dsa", "ecdsa", "ed25519", "xmss"];
    let first = kind.split(['_', '.', '-']).next().unwrap_or_default();
    !kind.is_empty() && !has_ending(file, ".py") && (!kind.contains('.') || of_ssh.contains(&first))
}

fn is_key(file: &str, text: &str) -> bool {
    let is_public = PUBLIC.iter().any(|mark| text.contains(mark)) && !text.contains(PRIVATE);
    KEYS.iter().any(|ending| has_ending(file, ending)) && !is_public
}

fn has_secret(file: &str, text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    SETTINGS.iter().any(|(name, marks)| {
        *name == file && marks.iter().any(|mark| text.contains(mark)) && !is_url_only(name, &text)
    })
}

/// pip's settings hold a secret only if a URL has a user in it.
fn is_url_only(name: &str, text: &str) -> bool {
    name == "pip.conf" && !text.split_whitespace().any(|word| masked(word) != word)
}

/// Content that is a secret under any name.
fn begins_with_key(text: &str) -> bool {
    let first = text.trim_start().lines().next().unwrap_or_default();
    first.starts_with("-----BEGIN ") && first.contains(PRIVATE)
}

/// Google's key files, under any name.
fn is_service_account(text: &str) -> bool {
    text.contains("\"private_key\"") && text.contains("service_account")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_credentials_is_found() {
        for name in [
            ".env",
            "sub/.env.local",
            ".env.production",
            "prod.env",
            ".envrc",
            ".netrc",
            ".aws/credentials",
            "home/.ssh/config",
            ".kube/config",
            ".config/gcloud/x.db",
            "id_rsa",
            "keys/id_ed25519",
            "id_ecdsa.old",
            "id_work",
            "server.key",
            "server.PEM",
            "kubeconfig",
            "prod.kubeconfig",
            "terraform.tfstate",
            "terraform.tfstate.backup",
            ".git-credentials",
            "store.p12",
            "credentials.json",
            ".docker/config.json",
            "home/.docker/config.json",
            "app/secrets.toml",
            "prod.tfvars",
        ] {
            assert!(is_one(name, b"x"), "{name}");
        }
    }

    #[test]
    fn what_only_sounds_like_credentials_is_not() {
        for name in [
            ".env.example",
            ".env.sample",
            "env.py",
            "id_rsa.pub",
            ".ssh/id_rsa.pub",
            "id_map.json",
            "id_utils.py",
            "keys.py",
            "key",
            "aws/client.py",
            "kube.py",
            ".npmrc",
            ".pypirc",
            "config.json",
            "tokenizer.json",
            "x.docker/config.json",
            "secrets.py",
            "pip.conf",
        ] {
            assert!(!is_one(name, b"x"), "{name}");
        }
    }

    #[test]
    fn content_decides_where_a_name_does_not() {
        let cases: [(&str, &str, bool); 13] = [
            ("ca.pem", "-----BEGIN CERTIFICATE-----\nMII", false),
            (
                "both.pem",
                "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n",
                true,
            ),
            ("jwt.key", "-----BEGIN PUBLIC KEY-----\n", false),
            ("anything", "-----BEGIN OPENSSH PRIVATE KEY-----\n", true),
            (
                "test.py",
                "KEY = '''-----BEGIN PRIVATE KEY-----'''\n",
                false,
            ),
            (".npmrc", "//registry/:_authToken=abc\n", true),
            (".npmrc", "save-exact=true\n", false),
            (".pypirc", "[pypi]\nusername = a\npassword = b\n", true),
            ("pip.conf", "index-url = https://me:x@pypi/simple\n", true),
            ("pip.conf", "index-url = https://pypi/simple\n", false),
            ("x/config.json", "{\"auths\": {}}", true),
            (
                "sa-prod.json",
                "{\"type\": \"service_account\", \"private_key\": \"x\"}",
                true,
            ),
            ("model.json", "{\"type\": \"model\"}", false),
        ];
        for (name, text, expected) in cases {
            assert_eq!(is_one(name, text.as_bytes()), expected, "{name}: {text}");
        }
    }

    #[test]
    fn a_directory_of_credentials_is_one_by_its_name() {
        assert!(is_directory(Path::new("/home/a/.kube")));
        assert!(!is_directory(Path::new("/home/a/.kube/cache")));
        assert!(!is_directory(Path::new("/home/a")));
    }
}
