//! One entry of a kubeconfig; null counts as absent, as in kubectl, and nothing else is guessed.

use std::collections::HashMap;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use kube::config::{
    AuthInfo, AuthProviderConfig, Cluster, ExecConfig, ExecInteractiveMode, NamedExtension,
};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::file::unreadable;
use crate::connect::Error;

/// Base64 as Go decodes it, which ignores trailing bits.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// A mapping of a kubeconfig, and its place.
pub struct Entry<'a> {
    file: &'a Path,
    /// `user "ada"`, or a field of it.
    of: String,
    content: Option<&'a Map<String, Value>>,
}

impl<'a> Entry<'a> {
    pub fn of(file: &'a Path, of: String, content: Option<&'a Value>) -> Result<Self, Error> {
        let content = match content {
            None | Some(Value::Null) => None,
            Some(Value::Object(content)) => Some(content),
            Some(_) => return Err(unreadable(file, format!("{of} is not a map"))),
        };
        Ok(Self { file, of, content })
    }

    pub fn cluster(&self) -> Result<Cluster, Error> {
        Ok(Cluster {
            server: self.text("server")?,
            insecure_skip_tls_verify: self.flag("insecure-skip-tls-verify")?,
            certificate_authority: self.path("certificate-authority")?,
            certificate_authority_data: self.data("certificate-authority-data")?,
            proxy_url: self.text("proxy-url")?,
            tls_server_name: self.text("tls-server-name")?,
            extensions: self.extensions(),
            ..Cluster::default()
        })
    }

    pub fn user(&self) -> Result<AuthInfo, Error> {
        let mut user = AuthInfo {
            username: self.text("username")?,
            password: self.secret("password")?,
            token: self.secret("token")?,
            token_file: self.path("tokenFile")?,
            client_certificate: self.path("client-certificate")?,
            client_certificate_data: self.data("client-certificate-data")?,
            client_key: self.path("client-key")?,
            client_key_data: self.data("client-key-data")?.map(SecretString::from),
            impersonate: self.text("as")?,
            impersonate_uid: self.text("as-uid")?,
            impersonate_groups: self.texts("as-groups")?,
            auth_provider: self.auth_provider()?,
            exec: self.exec()?,
            ..AuthInfo::default()
        };
        if let Some(extra) = self.deeper("as-user-extra")? {
            let mut read = HashMap::new();
            for name in extra.keys() {
                read.insert(name.clone(), extra.texts(name)?.unwrap_or_default());
            }
            user.impersonate_user_extra = Some(read);
        }
        if user.username.is_some() && user.password.is_none() {
            user.password = Some(SecretString::default());
        }
        // If both are given, a readable file wins, because it holds the newer token.
        match user.token_file.as_ref().map(std::fs::read_to_string) {
            // Editors leave a line end, which kube would send as part of the token.
            Some(Ok(token)) if token.trim() != token => {
                user.token = Some(SecretString::from(token.trim()));
                user.token_file = None;
            }
            Some(Ok(_)) => user.token = None,
            Some(Err(_)) if user.token.is_some() => user.token_file = None,
            _ => {}
        }
        Ok(user)
    }

    fn exec(&self) -> Result<Option<ExecConfig>, Error> {
        let Some(exec) = self.deeper("exec")? else {
            return Ok(None);
        };
        let command = exec.required("command")?;
        let mut env = Vec::new();
        for variable in exec.list("env")? {
            let variable = Self::of(self.file, format!("env of {}", exec.of), Some(variable))?;
            let value = variable.text("value")?.unwrap_or_default();
            let name = variable.required("name")?;
            env.push([("name", name), ("value", value)].map(|(key, text)| (key.to_owned(), text)));
        }
        let mode = exec.text("interactiveMode")?;
        let interactive_mode = match mode.as_deref() {
            None => None,
            Some("Never") => Some(ExecInteractiveMode::Never),
            Some("IfAvailable") => Some(ExecInteractiveMode::IfAvailable),
            Some("Always") => Some(ExecInteractiveMode::Always),
            Some(_) => return Err(exec.wrong("interactiveMode", "Never, IfAvailable or Always")),
        };
        Ok(Some(ExecConfig {
            api_version: Some(exec.required("apiVersion")?),
            // A command without a slash is searched in PATH.
            command: Some(if command.contains(MAIN_SEPARATOR) {
                self.beside(&command)
            } else {
                command
            }),
            args: exec.texts("args")?,
            env: Some(env.into_iter().map(HashMap::from).collect()),
            install_hint: exec.text("installHint")?,
            interactive_mode,
            provide_cluster_info: exec.flag("provideClusterInfo")?.unwrap_or_default(),
            ..ExecConfig::default()
        }))
    }

    fn auth_provider(&self) -> Result<Option<AuthProviderConfig>, Error> {
        let Some(provider) = self.deeper("auth-provider")? else {
            return Ok(None);
        };
        let mut config = HashMap::new();
        if let Some(given) = provider.deeper("config")? {
            for name in given.keys() {
                config.insert(name.clone(), given.text(name)?.unwrap_or_default());
            }
        }
        Ok(Some(AuthProviderConfig {
            name: provider.text("name")?.unwrap_or_default(),
            config,
            ..AuthProviderConfig::default()
        }))
    }

    /// A credential plugin may read one of them; the others are for other programs.
    fn extensions(&self) -> Option<Vec<NamedExtension>> {
        let list = self.value("extensions")?.as_array()?;
        let named = list.iter().filter_map(|extension| {
            Some(NamedExtension {
                name: extension.get("name")?.as_str()?.to_owned(),
                extension: extension.get("extension")?.clone(),
            })
        });
        Some(named.collect())
    }

    fn keys(&self) -> impl Iterator<Item = &'a String> {
        self.content.into_iter().flat_map(Map::keys)
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        self.content?.get(name).filter(|value| !value.is_null())
    }

    fn deeper(&self, name: &str) -> Result<Option<Entry<'a>>, Error> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        Self::of(self.file, format!("{name} of {}", self.of), Some(value)).map(Some)
    }

    /// An empty value counts as absent.
    pub fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(_) => Err(self.wrong(name, "text, which may have to be put in quotes")),
        }
    }

    fn required(&self, name: &str) -> Result<String, Error> {
        let missing = || unreadable(self.file, format!("{} has no {name}", self.of));
        self.text(name)?.ok_or_else(missing)
    }

    fn secret(&self, name: &str) -> Result<Option<SecretString>, Error> {
        Ok(self.text(name)?.map(SecretString::from))
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    fn list(&self, name: &str) -> Result<&'a [Value], Error> {
        match self.value(name) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(self.wrong(name, "a list")),
        }
    }

    fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Error> {
        let texts = self.list(name)?.iter().map(|text| match text {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text.clone()),
            _ => Err(self.wrong(name, "a list of texts")),
        });
        let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
        Ok(Some(texts).filter(|texts| !texts.is_empty()))
    }

    /// A path relative to the kubeconfig's directory.
    fn path(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(self.text(name)?.map(|path| self.beside(&path)))
    }

    fn beside(&self, path: &str) -> String {
        let directory = self.file.parent().map(PathBuf::from).unwrap_or_default();
        let absolute = std::path::absolute(directory.join(path));
        absolute.map_or_else(|_| path.to_owned(), |path| path.display().to_string())
    }

    /// Base64 on one or more lines, returned on one line as kube expects it.
    fn data(&self, name: &str) -> Result<Option<String>, Error> {
        // Go also reads a list of numbers as bytes.
        if let Some(Value::Array(list)) = self.value(name) {
            let byte = |value: &Value| match value {
                Value::Null => Some(0),
                value => value.as_u64().and_then(|number| u8::try_from(number).ok()),
            };
            let bytes: Option<Vec<u8>> = list.iter().map(byte).collect();
            let bytes = bytes.ok_or_else(|| self.wrong(name, "base64"))?;
            return Ok(Some(BASE64.encode(bytes)).filter(|data| !data.is_empty()));
        }
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let bytes = BASE64.decode(text.replace(['\r', '\n'], ""));
        let bytes = bytes.map_err(|_| self.wrong(name, "base64"))?;
        Ok(Some(BASE64.encode(bytes)).filter(|data| !data.is_empty()))
    }

    /// The message omits the value, which may be a secret.
    fn wrong(&self, name: &str, expected: &str) -> Error {
        unreadable(
            self.file,
            format!("{name} of {} is not {expected}", self.of),
        )
    }
}
