//! Cookies of one cluster: Ray keeps the token of a login in one.
//!
//! A browser keeps cookies by host and not by port, and all dashboards are on one host: it would
//! send the token of one cluster to the head of another. So each cookie is given a name that begins
//! with its cluster's, and what does not begin so is not passed on. (A host of its own for each
//! cluster, such as x.localhost, would be simpler, but Safari does not find it.)

use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use sha2::{Digest, Sha256};

/// Enough of a digest to tell the clusters of one user apart.
const BYTES: usize = 8;

pub(super) struct Cookies {
    prefix: String,
}

impl Cookies {
    /// `cluster` is the same whenever it is the same cluster, so that a login lasts.
    pub(super) fn of(cluster: &str) -> Self {
        let digest = Sha256::digest(cluster);
        let hex: String = digest[..BYTES]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            prefix: format!("kubectl-ray-{hex}-"),
        }
    }

    /// Of what the browser sends, the cluster's own.
    pub(super) fn to_cluster(&self, headers: &mut HeaderMap) {
        let given: Vec<HeaderValue> = headers.get_all(COOKIE).iter().cloned().collect();
        headers.remove(COOKIE);
        let own: Vec<&str> = given
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|cookie| cookie.trim().strip_prefix(self.prefix.as_str()))
            .collect();
        if let Ok(value) = HeaderValue::from_str(&own.join("; "))
            && !own.is_empty()
        {
            headers.insert(COOKIE, value);
        }
    }

    /// What the cluster sets is the browser's to keep for this cluster.
    pub(super) fn to_browser(&self, headers: &mut HeaderMap) {
        let set: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
        headers.remove(SET_COOKIE);
        for value in set {
            let renamed = value.to_str().ok().map(|value| self.renamed(value));
            if let Some(Ok(value)) = renamed.map(|value| HeaderValue::from_str(&value)) {
                headers.append(SET_COOKIE, value);
            }
        }
    }

    fn renamed(&self, cookie: &str) -> String {
        let mut parts = cookie.split(';').map(str::trim);
        let named = parts.next().unwrap_or_default();
        let kept = parts.filter(|attribute| {
            let name = attribute.split('=').next().unwrap_or_default().trim();
            // The first two are about the host that Ray sees; the others are set below.
            let ours = ["domain", "secure", "httponly", "samesite"];
            !ours.iter().any(|our| name.eq_ignore_ascii_case(our))
        });
        let kept: String = kept.map(|attribute| format!("; {attribute}")).collect();
        // No script knows the name, least of all that of another cluster's page on this host.
        format!("{}{named}{kept}; HttpOnly; SameSite=Strict", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(cookies: &Cookies, values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(COOKIE, value.parse().unwrap());
        }
        cookies.to_cluster(&mut headers);
        assert!(headers.get_all(COOKIE).iter().count() <= 1);
        Some(headers.get(COOKIE)?.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_cookie_goes_back_to_the_cluster_that_set_it_and_to_no_other() {
        let (one, two) = (Cookies::of("one"), Cookies::of("two"));
        let mut headers = HeaderMap::new();
        for cookie in [
            "token=s3cret; Domain=127.0.0.1; HttpOnly; Max-Age=60; Path=/; Secure; SameSite=Lax",
            "b=c",
        ] {
            headers.append(SET_COOKIE, cookie.parse().unwrap());
        }
        one.to_browser(&mut headers);
        let set: Vec<&str> = headers
            .get_all(SET_COOKIE)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        let prefix = &one.prefix;
        assert_eq!(
            set,
            [
                format!("{prefix}token=s3cret; Max-Age=60; Path=/; HttpOnly; SameSite=Strict"),
                format!("{prefix}b=c; HttpOnly; SameSite=Strict"),
            ]
        );
        let stored: Vec<&str> = set
            .iter()
            .map(|cookie| cookie.split(';').next().unwrap())
            .collect();
        let all = format!(
            "{}; token=stranger; {}token=x",
            stored.join("; "),
            two.prefix
        );
        assert_eq!(sent(&one, &[&all]).as_deref(), Some("token=s3cret; b=c"));
        assert_eq!(sent(&two, &[&all]).as_deref(), Some("token=x"));
        assert_eq!(sent(&Cookies::of("three"), &[&all]), None);
        assert_eq!(sent(&one, &stored).as_deref(), Some("token=s3cret; b=c"));
        assert_eq!(Cookies::of("one").prefix, one.prefix);
    }
}
