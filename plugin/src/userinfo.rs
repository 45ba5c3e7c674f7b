//! URLs in messages: the user and password that a URL may hold are never printed.

/// What stands in place of a user and a password, so that a mistake in them can still be looked for.
const MASK: &str = "******";

/// `url` without its user and password; it need not be a valid URL, since messages quote what is not.
pub fn masked(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + "://".len());
    let (scheme, rest) = url.split_at(start);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    // A password may hold any of these characters unescaped. Only a plain host before them says
    // that a later @ is none of a password's: "ada:1" may be host and port, or how one begins.
    let reach = if authority.contains('@') || is_host(authority) {
        authority
    } else {
        rest
    };
    match reach.rfind('@') {
        Some(at) => format!("{scheme}{MASK}{}", &rest[at..]),
        None => url.to_owned(),
    }
}

/// `url` without what may be secret in it: its user and password, and a query, which may be a signature.
pub fn without_secrets(url: &str) -> String {
    let masked = masked(url);
    masked
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn is_host(authority: &str) -> bool {
    let is_named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
    authority.bytes().all(is_named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_masked_also_in_what_is_no_url() {
        for url in [
            "http://ada:pw@proxy:3128",
            r"http://CORP\ada:pw@proxy:3128",
            "http://ada:pw/pw@proxy:3128",
            "http://ada:pw?pw#pw@proxy:3128",
            "http://ada:p@pw@proxy:3128",
            "http://ada:pw pw@proxy:3128",
            "http://pw@proxy:3128",
            "http://:pw@proxy:3128",
            "http://ada:1/pw@proxy:3128",
            "http://[pw@proxy:3128",
            "http://pw[:pw]/@proxy:3128",
            "http://ädä:pw@proxy:3128",
            "http:/ada:pw@proxy:3128",
            "http:ada:pw@proxy:3128",
            "://ada:pw@proxy:3128",
            "ada:pw@proxy:3128",
            r"CORP\ada:pw/pw@proxy:3128",
            "socks5://ada:pw@proxy:3128/path?query#fragment",
        ] {
            let masked = masked(url);
            assert!(
                !masked.contains("pw") && masked.contains("@proxy:3128"),
                "{url}: {masked}"
            );
        }
    }

    #[test]
    fn a_url_without_them_stays_as_it_is() {
        for url in [
            "",
            "proxy",
            "proxy:3128",
            "http://proxy:3128/",
            "https://[fd00::1]:6443/path",
            "https://example.com/repo/archive@main.zip",
            "https://example.com/?ref=@main",
            "https://example.com:8443/path",
            "http://bad host/",
            "not a url",
        ] {
            assert_eq!(masked(url), url);
        }
    }
}
