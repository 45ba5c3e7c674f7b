//! URLs in messages: the user and password that a URL may hold are never printed.

/// What stands in place of a user and a password, so that a mistake in them can still be looked for.
pub const MASK: &str = "******";
const SCHEME_ENDS: &str = "://";

/// `url` without its user and password; it need not be a valid URL, since messages quote what is not.
pub fn masked(url: &str) -> String {
    let start = url.find(SCHEME_ENDS).map_or(0, |at| at + SCHEME_ENDS.len());
    let (scheme, rest) = url.split_at(start);
    match login(rest) {
        Some(at) => format!("{scheme}{MASK}{}", &rest[at..]),
        None => url.to_owned(),
    }
}

/// The bytes of user and password at the beginning of `rest`, which follows a scheme.
fn login(rest: &str) -> Option<usize> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    // A password may hold any of these characters unescaped. Only a plain host before them says
    // that a later @ is none of a password's: "ada:1" may be host and port, or how one begins.
    let reach = if authority.contains('@') || is_host(authority) {
        authority
    } else {
        rest
    };
    reach.rfind('@')
}

/// `text` with `with` in place of each secret character of the URLs in it, so that what follows stays
/// where it is.
pub fn hidden(text: &str, with: char) -> String {
    let mut shown = String::with_capacity(text.len());
    let ends_url = |c: char| c.is_whitespace() || c == '"' || c == '\'';
    for word in text.split_inclusive(ends_url) {
        let (mut rest, end) = match word.strip_suffix(ends_url) {
            Some(rest) => word.split_at(rest.len()),
            None => (word, ""),
        };
        while let Some(at) = rest.find(SCHEME_ENDS) {
            let (scheme, after) = rest.split_at(at + SCHEME_ENDS.len());
            let (url, next) = after.split_at(after.find(SCHEME_ENDS).unwrap_or(after.len()));
            let at = login(url).unwrap_or_default();
            let query = url[at..].find(['?', '#']).map(|query| at + query + 1);
            let query = query.unwrap_or(url.len());
            let hide = |secret: &str| with.to_string().repeat(secret.chars().count());
            shown += scheme;
            shown += &hide(&url[..at]);
            shown += &url[at..query];
            shown += &hide(&url[query..]);
            rest = next;
        }
        shown += rest;
        shown += end;
    }
    shown
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
    fn what_is_hidden_in_a_text_leaves_the_rest_where_it_is() {
        for (text, shown) in [
            (
                "x: 'ftp://ada:pw@host/x.zip', y: 1",
                "x: 'ftp://******@host/x.zip', y: 1",
            ),
            ("[s3://ä:pw@b/c,s3://b/d]", "[s3://****@b/c,s3://b/d]"),
            (
                "at https://h/x.zip?sig=pw&a=b and on",
                "at https://h/x.zip?********** and on",
            ),
            (
                "\"git+https://ada:p@w@h/x@v1#egg=x\": 2",
                "\"git+https://*******@h/x@v1#*****\": 2",
            ),
            ("a: b@c://, no URL? none", "a: b@c://, no URL? none"),
            ("https://h/x.zip a@b?c", "https://h/x.zip a@b?c"),
        ] {
            assert_eq!(hidden(text, '*'), shown);
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
