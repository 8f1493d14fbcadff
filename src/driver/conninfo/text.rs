//! The two notations of a connection string.

use super::{ConninfoError, Outside, Values, keywords};

/// Reads a URL or `key=value`; `${NAME}` is replaced.
pub(super) fn read(text: &str, outside: &Outside<'_>) -> Result<Values, ConninfoError> {
    let text = text.trim();
    let whole = match first_placeholder(text) {
        Some((name, rest)) => format!("{}{rest}", variable(name, outside)?),
        None => text.to_owned(),
    };
    let whole = whole.trim();
    if whole.is_empty() {
        return Ok(Values::default());
    }
    if let Some(rest) = ["postgresql://", "postgres://"].iter().find_map(|scheme| whole.strip_prefix(scheme)) {
        return url(rest, outside);
    }
    if whole.contains("://") && !whole.contains('=') {
        return Err(ConninfoError::new(
            "the target's URL does not begin with postgresql:// or postgres://: other databases are not supported",
        ));
    }
    if whole.contains('=') {
        return pairs(whole, outside);
    }
    Err(ConninfoError::new(
        "a target is a URL (postgresql://user@host:5432/dbname) or key=value pairs (host=… dbname=… user=…)",
    ))
}

/// `${NAME}` at the beginning, and what follows.
fn first_placeholder(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("${")?.split_once('}')
}

fn variable(name: &str, outside: &Outside<'_>) -> Result<String, ConninfoError> {
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        return Err(ConninfoError::new(
            "`${…}` in a connection string takes the name of a variable of the environment",
        ));
    }
    // An empty one would be taken for the server on this machine, which nobody has named.
    (outside.variable)(name).filter(|value| !value.is_empty()).ok_or_else(|| {
        let text = format!("the variable {name} that the target names is not set, or empty: export {name}=…");
        ConninfoError::new(text)
    })
}

/// What follows the scheme: `[user[:password]@][host[:port]][,…][/dbname][?key=value[&…]]`.
fn url(rest: &str, outside: &Outside<'_>) -> Result<Values, ConninfoError> {
    let mut values = Values::default();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let (path, query) = match tail.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (tail, None),
    };
    // A raw `@` behind the hosts is the end of a login that was cut off before: its pieces are not taken for anything.
    let cut_off = path.contains('@') || (!authority.contains('@') && tail.contains('@'));
    if cut_off && authority.contains(':') {
        return Err(ConninfoError::new(
            "the target's password seems to hold `/` or `?`: percent-encode them (%2F, %3F), or write ${NAME} for a variable",
        ));
    }
    let (login, hosts) = authority.rsplit_once('@').map_or((None, authority), |(login, hosts)| (Some(login), hosts));
    if let Some(login) = login {
        let (user, password) = login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
        put(&mut values, "user", user, outside)?;
        put(&mut values, "password", password.unwrap_or_default(), outside)?;
    }
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in hosts.split(',') {
        let (name, port) = host_and_port(host)?;
        names.push(decoded(name, outside)?);
        ports.push(decoded(port, outside)?);
    }
    if names.iter().any(|name| !name.is_empty()) {
        values.set("host", names.join(","));
    }
    if ports.iter().any(|port| !port.is_empty()) {
        values.set("port", ports.join(","));
    }
    put(&mut values, "dbname", path.strip_prefix('/').unwrap_or(path), outside)?;
    for pair in query.into_iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty()) {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(ConninfoError::new("what follows `?` in the target's URL is key=value, separated by `&`"));
        };
        keywords::set(&mut values, &decoded(key, outside)?, decoded(value, outside)?)?;
    }
    Ok(values)
}

/// Sets what is not empty.
fn put(values: &mut Values, key: &'static str, text: &str, outside: &Outside<'_>) -> Result<(), ConninfoError> {
    let value = decoded(text, outside)?;
    if !value.is_empty() {
        values.set(key, value);
    }
    Ok(())
}

/// `host`, `host:port`, `[address]:port`.
fn host_and_port(text: &str) -> Result<(&str, &str), ConninfoError> {
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, after)) = rest.split_once(']') else {
            return Err(ConninfoError::new("an IPv6 address in the target's URL stands in brackets: [::1]:5432"));
        };
        return Ok((address, after.strip_prefix(':').unwrap_or(after)));
    }
    Ok(text.rsplit_once(':').unwrap_or((text, "")))
}

/// Percent-encoding and `${NAME}` undone; what a variable holds is taken as it is.
fn decoded(text: &str, outside: &Outside<'_>) -> Result<String, ConninfoError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        if let Some((name, after)) = first_placeholder(rest) {
            bytes.extend(variable(name, outside)?.bytes());
            rest = after;
        } else if first == b'%' {
            let code = rest.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|code| *code != 0);
            let wrong = "a `%` in the target's URL is followed by two hexadecimal digits; the sign itself is %25";
            bytes.push(code.ok_or_else(|| ConninfoError::new(wrong))?);
            rest = &rest[3..];
        } else {
            bytes.push(first);
            rest = rest.get(1..).unwrap_or_else(|| {
                // A letter of several bytes.
                let length = rest.chars().next().map_or(1, char::len_utf8);
                bytes.extend(&rest.as_bytes()[1..length]);
                &rest[length..]
            });
        }
    }
    String::from_utf8(bytes).map_err(|_| ConninfoError::new("the target's URL is not UTF-8 once its `%` are decoded"))
}

/// `key = value key='it''s \' quoted'`.
fn pairs(text: &str, outside: &Outside<'_>) -> Result<Values, ConninfoError> {
    let mut values = Values::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let Some((key, after)) = rest.split_once('=') else {
            return Err(ConninfoError::new("after a value of the target's key=value pairs another key= is missing"));
        };
        let (value, after) = value(after.trim_start(), outside)?;
        keywords::set(&mut values, key.trim(), value)?;
        rest = after.trim_start();
    }
    Ok(values)
}

/// A value, quoted or not, and what follows.
fn value<'t>(text: &'t str, outside: &Outside<'_>) -> Result<(String, &'t str), ConninfoError> {
    let quoted = text.strip_prefix('\'');
    let is_quoted = quoted.is_some();
    let mut rest = quoted.unwrap_or(text);
    let mut value = String::new();
    loop {
        if let Some((name, after)) = first_placeholder(rest) {
            value.push_str(&variable(name, outside)?);
            rest = after;
            continue;
        }
        let mut letters = rest.chars();
        match letters.next() {
            None if is_quoted => {
                return Err(ConninfoError::new("a quote in the target's key=value pairs is not closed"));
            }
            None => return Ok((value, "")),
            Some('\'') if is_quoted => return Ok((value, letters.as_str())),
            Some(blank) if !is_quoted && blank.is_whitespace() => return Ok((value, letters.as_str())),
            Some('\\') => value.extend(letters.next()),
            Some(letter) => value.push(letter),
        }
        rest = letters.as_str();
    }
}
