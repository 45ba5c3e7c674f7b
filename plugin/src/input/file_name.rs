//! The value of `-f`: a path of this machine, `-` or a URL.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use http::Uri;

use crate::connect::proxy::is_here;
use crate::userinfo;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileName {
    Path(PathBuf),
    Url(Uri),
}

impl FileName {
    /// For clap, which shows the error as that of `-f`.
    pub fn parse(text: impl AsRef<OsStr>) -> Result<Self, String> {
        let text = text.as_ref();
        let is_url = |url: &&str| {
            let scheme = url.split_once("://").map(|(scheme, _)| scheme);
            scheme.is_some_and(|scheme| ["http", "https"].contains(&&*scheme.to_ascii_lowercase()))
        };
        let Some(url) = text.to_str().filter(is_url) else {
            return Ok(Self::Path(text.into()));
        };
        // What is after # is for a browser.
        let asked = url.split('#').next().unwrap_or_default();
        let url: Uri = asked
            .parse()
            .map_err(|error| format!("{error}; expected a URL such as https://host/file.yaml"))?;
        // Who can change a config on its way runs code on the cluster.
        if url.scheme_str() == Some("http") && !is_here(&url) {
            return Err("somebody could change the file on its way: use https://".to_owned());
        }
        Ok(Self::Url(url))
    }

    pub fn is_directory(&self) -> bool {
        matches!(self, Self::Path(path) if path.is_dir())
    }

    /// Where the paths in the file lead from; nowhere on this machine for a file from elsewhere.
    pub fn directory(&self) -> Option<&Path> {
        match self {
            // The parent of standard input (`-`) is the current directory too.
            Self::Path(path) => Some(path.parent().unwrap_or(Path::new(""))),
            Self::Url(_) => None,
        }
    }
}

/// As messages name it.
impl fmt::Display for FileName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) if path == Path::new("-") => formatter.write_str("standard input"),
            Self::Path(path) => path.display().fmt(formatter),
            Self::Url(url) => formatter.write_str(&userinfo::without_secrets(&url.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_urls_are_fetched_and_all_else_is_a_path() {
        for (text, shown) in [
            ("https://host/a.yaml", "https://host/a.yaml"),
            (
                "HTTPS://host:8443/a.yaml?sig=pw#L3",
                "https://host:8443/a.yaml",
            ),
            ("https://ada:pw@host/a.yaml", "https://******@host/a.yaml"),
            ("http://127.0.0.1:8000/a", "http://127.0.0.1:8000/a"),
            ("http://[::1]/a", "http://[::1]/a"),
            ("http://localhost/a", "http://localhost/a"),
        ] {
            let name = FileName::parse(text).unwrap();
            assert!(matches!(name, FileName::Url(_)), "{text}");
            assert_eq!(name.to_string(), shown);
            assert_eq!(name.directory(), None);
        }
        for text in ["a.yaml", "-", "./https:/x", "s3://bucket/a", "dir/"] {
            let name = FileName::parse(text).unwrap();
            assert!(matches!(name, FileName::Path(_)), "{text}");
        }
    }

    #[test]
    fn what_could_be_changed_on_its_way_is_refused() {
        for text in ["http://host/a.yaml", "http://10.0.0.1/", "Http://host/"] {
            let error = FileName::parse(text).unwrap_err();
            assert!(error.contains("https://"), "{error}");
        }
        assert!(FileName::parse("https://").is_err());
    }
}
