//! The keywords of libpq, their variables, and what becomes of each here.

use super::{ConninfoError, Outside, Values};

/// What becomes of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It is read.
    Read,
    /// It changes nothing that matters here.
    Ignored,
    /// Ignoring it would be wrong.
    Refused,
}

/// Keyword, variable, use.
const KEYWORDS: &[(&str, &str, Use)] = &[
    ("host", "PGHOST", Use::Read),
    ("hostaddr", "PGHOSTADDR", Use::Read),
    ("port", "PGPORT", Use::Read),
    ("dbname", "PGDATABASE", Use::Read),
    ("user", "PGUSER", Use::Read),
    ("password", "PGPASSWORD", Use::Read),
    ("passfile", "PGPASSFILE", Use::Read),
    ("sslmode", "PGSSLMODE", Use::Read),
    ("sslrootcert", "PGSSLROOTCERT", Use::Read),
    ("sslcert", "PGSSLCERT", Use::Read),
    ("sslkey", "PGSSLKEY", Use::Read),
    ("channel_binding", "PGCHANNELBINDING", Use::Read),
    ("connect_timeout", "PGCONNECT_TIMEOUT", Use::Read),
    ("options", "PGOPTIONS", Use::Read),
    ("target_session_attrs", "PGTARGETSESSIONATTRS", Use::Read),
    ("application_name", "PGAPPNAME", Use::Ignored),
    ("fallback_application_name", "", Use::Ignored),
    ("client_encoding", "PGCLIENTENCODING", Use::Ignored),
    ("keepalives", "", Use::Ignored),
    ("keepalives_idle", "", Use::Ignored),
    ("keepalives_interval", "", Use::Ignored),
    ("keepalives_count", "", Use::Ignored),
    ("tcp_user_timeout", "", Use::Ignored),
    ("sslcompression", "PGSSLCOMPRESSION", Use::Ignored),
    ("sslsni", "PGSSLSNI", Use::Ignored),
    ("gssencmode", "PGGSSENCMODE", Use::Ignored),
    ("krbsrvname", "PGKRBSRVNAME", Use::Ignored),
    ("gsslib", "PGGSSLIB", Use::Ignored),
    ("gssdelegation", "PGGSSDELEGATION", Use::Ignored),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS", Use::Ignored),
    ("min_protocol_version", "", Use::Ignored),
    ("max_protocol_version", "", Use::Ignored),
    ("service", "PGSERVICE", Use::Refused),
    ("replication", "", Use::Refused),
    ("requiressl", "PGREQUIRESSL", Use::Refused),
    ("requirepeer", "PGREQUIREPEER", Use::Refused),
    ("require_auth", "PGREQUIREAUTH", Use::Refused),
    ("sslpassword", "", Use::Refused),
    ("sslcrl", "PGSSLCRL", Use::Refused),
    ("sslcrldir", "PGSSLCRLDIR", Use::Refused),
    ("sslcertmode", "PGSSLCERTMODE", Use::Refused),
    ("sslnegotiation", "PGSSLNEGOTIATION", Use::Refused),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", Use::Refused),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", Use::Refused),
];

/// Takes a keyword of a connection string in.
///
/// # Errors
/// When it is not known or not supported.
pub(super) fn set(values: &mut Values, keyword: &str, value: String) -> Result<(), ConninfoError> {
    // As drivers of Java write it.
    if keyword == "ssl" && value == "true" {
        values.set("sslmode", "require".to_owned());
        return Ok(());
    }
    let Some((name, _, use_)) = KEYWORDS.iter().find(|(name, ..)| *name == keyword) else {
        return Err(unknown(keyword));
    };
    match use_ {
        Use::Read => values.set(name, value),
        Use::Ignored => {}
        Use::Refused => return Err(unsupported(&format!("`{name}` in the connection string"))),
    }
    Ok(())
}

/// Completes what the string leaves out by variables.
///
/// # Errors
/// When a variable asks for what is not supported.
pub(super) fn fill_in(values: &mut Values, outside: &Outside<'_>) -> Result<(), ConninfoError> {
    for (name, variable, use_) in KEYWORDS.iter().filter(|(_, variable, _)| !variable.is_empty()) {
        let Some(value) = (outside.variable)(variable).filter(|value| !value.is_empty()) else { continue };
        match use_ {
            Use::Read if values.get(name).is_none() => values.set(name, value),
            Use::Read | Use::Ignored => {}
            Use::Refused => return Err(unsupported(&format!("the variable {variable}"))),
        }
    }
    Ok(())
}

fn unsupported(what: &str) -> ConninfoError {
    ConninfoError::new(format!(
        "{what} is not supported by this version: take it out, or give host, port, user and dbname"
    ))
}

/// A keyword is repeated only when it is nearly one of ours: it could be a piece of a password.
fn unknown(keyword: &str) -> ConninfoError {
    let near = KEYWORDS.iter().map(|(name, ..)| *name).find(|name| is_near(keyword, name));
    ConninfoError::new(match near {
        Some(near) => format!("the connection string has an unknown keyword: did you mean `{near}`?"),
        None => "the connection string has an unknown keyword (known are host, port, dbname, user, password, sslmode, \
                 sslrootcert, sslcert, sslkey, channel_binding, options, target_session_attrs, connect_timeout); special \
                 characters of a password are percent-encoded in a URL"
            .to_owned(),
    })
}

/// Whether two words differ by one letter or two neighbours.
fn is_near(written: &str, known: &str) -> bool {
    let (written, known) = (written.to_ascii_lowercase(), known.as_bytes());
    let written = written.as_bytes();
    let same_start = written.iter().zip(known).take_while(|(a, b)| a == b).count();
    let same_end = written.iter().rev().zip(known.iter().rev()).take_while(|(a, b)| a == b).count();
    let longest = written.len().max(known.len());
    longest > 3 && same_start + same_end + 2 >= longest && written.len().abs_diff(known.len()) <= 1
}
