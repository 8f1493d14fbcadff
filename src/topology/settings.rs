//! Server settings of a workload: what may be set, and how it is written into the server's configuration.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::error::TopologyError;

/// What dbbench sets itself, and why a workload cannot.
const RESERVED: [(&str, &str); 10] = [
    ("port", "dbbench chooses it"),
    ("listen_addresses", "dbbench listens where the run needs it"),
    ("unix_socket_directories", "dbbench chooses it"),
    ("data_directory", "dbbench chooses it"),
    ("config_file", "dbbench writes it"),
    ("hba_file", "dbbench writes it"),
    ("ident_file", "dbbench writes it"),
    ("password_encryption", "set topology.auth = \"scram\" or \"md5\" instead"),
    ("logging_collector", "dbbench reads the server's log itself"),
    ("log_destination", "dbbench reads the server's log itself"),
];

/// Checks names and values as far as that needs no server.
pub(super) fn validate(settings: &BTreeMap<String, String>) -> Result<(), TopologyError> {
    for (name, value) in settings {
        let refuse = |reason: String| {
            Err(TopologyError::BadSetting { name: name.clone(), value: value.escape_default().to_string(), reason })
        };
        let mut characters = name.chars();
        let starts_well = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
        if !starts_well || !characters.all(|c| c.is_ascii_alphanumeric() || "_.$".contains(c)) {
            return refuse("not a name of a setting (letters, digits, `_`, `.`)".into());
        }
        if value.chars().any(char::is_control) {
            return refuse("control characters are not possible in a setting".into());
        }
        if let Some((_, why)) = RESERVED.iter().find(|(reserved, _)| name.eq_ignore_ascii_case(reserved)) {
            return refuse(format!("it cannot be set by a workload: {why}"));
        }
    }
    Ok(())
}

/// One line of a configuration file.
pub(super) fn line(name: &str, value: &str) -> String {
    let mut line = format!("{name} = '");
    for c in value.chars() {
        match c {
            '\'' => line.push_str("''"),
            '\\' => line.push_str("\\\\"),
            other => line.push(other),
        }
    }
    line.push_str("'\n");
    line
}

/// What a server that did not start says in its log: the error it ended with, or the setting it refused.
pub(super) fn explain(log: &str, settings: &BTreeMap<String, String>) -> TopologyError {
    let mut said: Vec<&str> = Vec::new();
    for log_line in log.lines() {
        // `2026-11-20 11:14:00.000 UTC [123] FATAL:  message`
        let Some(at) =
            ["LOG:  ", "FATAL:  ", "PANIC:  ", "HINT:  ", "DETAIL:  "].iter().find_map(|tag| log_line.find(tag))
        else {
            continue;
        };
        said.push(log_line[at..].split_once(":  ").map_or(log_line, |(_, message)| message));
    }
    let of = |tags: [&str; 2]| log.lines().any(|line| tags.iter().any(|tag| line.contains(tag)));
    let about = said.iter().enumerate().find_map(|(at, message)| {
        let setting = settings.iter().find(|(name, _)| message.contains(&format!("\"{name}\"")))?;
        Some((at, message, setting))
    });
    if let Some((at, message, (name, value))) = about
        && of(["FATAL:", "PANIC:"])
    {
        let mut reason = (*message).to_owned();
        if let Some((before, _)) = reason.split_once(" in file \"") {
            reason = before.to_owned();
        }
        // A hint belongs to the message before it.
        if let Some(hint) =
            log.lines().find(|line| line.contains("HINT:  ")).and_then(|line| line.split_once("HINT:  "))
            && said.get(at + 1) == Some(&hint.1)
        {
            let _ = write!(reason, " ({})", hint.1);
        }
        return TopologyError::BadSetting { name: name.clone(), value: value.clone(), reason };
    }
    let settings = settings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let fatal = log.lines().filter_map(|line| line.split_once("FATAL:  ").or_else(|| line.split_once("PANIC:  ")));
    let mut reason = fatal.map(|(_, message)| message).collect::<Vec<_>>().join("; ");
    if reason.is_empty() {
        let end: Vec<&str> = log.lines().rev().take(5).collect();
        reason = end.into_iter().rev().collect::<Vec<_>>().join("; ");
    }
    if reason.is_empty() {
        reason = "it wrote nothing to its log".into();
    }
    TopologyError::NotStarted { reason, settings }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_cannot_be_set_is_refused_before_any_server_starts() {
        assert!(validate(&settings(&[("work_mem", "64MB"), ("pg_stat_statements.max", "10")])).is_ok());
        for (name, value, reason) in [
            ("Port", "5432", "dbbench chooses it"),
            ("work mem", "1", "not a name"),
            ("x'; port", "1", "not a name"),
            ("work_mem", "1\nport = 5", "control characters"),
        ] {
            let error = validate(&settings(&[(name, value)])).expect_err(name).to_string();
            assert!(error.starts_with(&format!("topology.settings.{name}")) && error.contains(reason), "{error}");
        }
    }

    #[test]
    fn values_are_quoted_for_the_configuration_file() {
        assert_eq!(line("search_path", r#"it's \ "x""#), "search_path = 'it''s \\\\ \"x\"'\n");
    }

    #[test]
    fn the_refused_setting_is_named_with_the_servers_words() {
        let log = "2026-11-20 11:14:00.1 UTC [7] LOG:  invalid value for parameter \"work_mem\": \"lots\"\n\
                   2026-11-20 11:14:00.1 UTC [7] HINT:  Valid units for this parameter are \"B\" and \"kB\".\n\
                   2026-11-20 11:14:00.1 UTC [7] FATAL:  configuration file \"/x/dbbench.conf\" contains errors\n";
        let error = explain(log, &settings(&[("jit", "off"), ("work_mem", "lots")])).to_string();
        assert_eq!(
            error,
            "topology.settings.work_mem = \"lots\": invalid value for parameter \"work_mem\": \"lots\" \
             (Valid units for this parameter are \"B\" and \"kB\".)"
        );
    }

    #[test]
    fn other_failures_carry_the_servers_words_and_all_settings() {
        let log = "x LOG:  starting\nx FATAL:  could not map anonymous shared memory: Cannot allocate memory\n";
        let error = explain(log, &settings(&[("shared_buffers", "9TB")])).to_string();
        assert_eq!(
            error,
            "the server did not start with shared_buffers = 9TB: \
             could not map anonymous shared memory: Cannot allocate memory"
        );
        assert!(explain("", &settings(&[])).to_string().contains("wrote nothing"));
    }
}
