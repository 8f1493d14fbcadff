use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::driver::{Address, Endpoint};
use crate::words::{masked, redacted, redacted_argument, redacted_target};

fn read_with(text: &str, variables: &[(&str, &str)]) -> Result<Conninfo, ConninfoError> {
    let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
    let variable = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    read(text, &Outside { variable: &variable, home: None, user: Some("me".to_owned()) })
}

fn one(text: &str) -> Endpoint {
    read_with(text, &[]).unwrap().hosts.remove(0).remove(0)
}

fn password(endpoint: &Endpoint) -> Option<&str> {
    endpoint.password.as_ref().map(crate::driver::Secret::reveal)
}

fn tcp(host: &str, port: u16) -> Address {
    Address::Tcp { host: host.to_owned(), port }
}

#[test]
fn a_url_and_its_pairs_say_the_same() {
    let url = one(
        "postgresql://al%20ice:p%40ss%2Fword@db.example.org:6543/my%20shop?options=-c%20work_mem%3D1MB&sslmode=disable",
    );
    let pairs = one(
        r"host=db.example.org port = 6543 user='al ice' password=p@ss/word dbname='my shop' options='-c work_mem=1MB' sslmode=disable",
    );
    for found in [url, pairs] {
        assert_eq!(found.address, tcp("db.example.org", 6543));
        assert_eq!((found.user.as_str(), found.database.as_str()), ("al ice", "my shop"));
        assert_eq!(password(&found), Some("p@ss/word"));
        assert_eq!(found.startup, [("work_mem".to_owned(), "1MB".to_owned())]);
        assert!(found.security.tls.is_none());
    }
}

#[test]
fn what_is_left_out_comes_from_variables_then_from_defaults() {
    let given = [("PGHOST", "h"), ("PGPORT", "7"), ("PGUSER", "u"), ("PGPASSWORD", "secret"), ("PGSSLMODE", "disable")];
    let found = read_with("", &given).unwrap().hosts.remove(0).remove(0);
    assert_eq!((found.address.clone(), found.user.as_str(), found.database.as_str()), (tcp("h", 7), "u", "u"));
    assert_eq!(password(&found), Some("secret"));
    let named = read_with("postgres://x@other/db", &given).unwrap().hosts.remove(0).remove(0);
    assert_eq!((named.address, named.user.as_str()), (tcp("other", 7), "x"));
    let alone = one("");
    assert_eq!((alone.user.as_str(), alone.database.as_str()), ("me", "me"));
    assert!(matches!(alone.address, Address::Unix { port: 5432, .. }));
}

#[test]
fn variables_in_a_string_are_values_as_they_are() {
    let variables = [("URL", "postgres://u:p%40@h/db"), ("PW", "a'b /@%:"), ("SSL", "disable")];
    let read = |text| read_with(text, &variables).unwrap().hosts.remove(0).remove(0);
    assert_eq!(password(&read("${URL}?sslmode=disable")), Some("p@"));
    assert_eq!(password(&read("postgres://u:${PW}@h/db?sslmode=${SSL}")), Some("a'b /@%:"));
    assert_eq!(password(&read("host=h password=${PW} sslmode=disable")), Some("a'b /@%:"));
    assert_eq!(password(&read("host=h password='<${PW}>' sslmode=disable")), Some("<a'b /@%:>"));
    assert!(read_with("${NOPE}", &variables).unwrap_err().to_string().contains("NOPE"));
    assert!(read_with("${NOPE}", &[("NOPE", "")]).unwrap_err().to_string().contains("or empty"));
}

#[test]
fn several_hosts_keep_their_order_and_ports() {
    let found = read_with("postgres://a:1,[::1]:2,c/db?sslmode=disable", &[]).unwrap();
    let addresses: Vec<Address> = found.hosts.iter().map(|ways| ways[0].address.clone()).collect();
    assert_eq!(addresses, [tcp("a", 1), tcp("::1", 2), tcp("c", 5432)]);
    let found =
        read_with("host=a,b port=7 hostaddr=10.0.0.1,10.0.0.2 sslmode=disable target_session_attrs=standby", &[])
            .unwrap();
    assert_eq!(found.hosts[1][0].address, tcp("10.0.0.2", 7));
    assert_eq!(found.kind, SessionKind::Standby);
}

#[test]
fn unix_sockets_are_folders_in_either_notation() {
    for text in ["postgresql://%2Fvar%2Flib%2Fpg/db", "host=/var/lib/pg dbname=db", "postgresql:///db?host=/var/lib/pg"]
    {
        let found = one(text);
        assert_eq!(found.address, Address::Unix { dir: "/var/lib/pg".into(), port: 5432 }, "{text}");
        assert!(found.security.tls.is_none(), "a socket needs no TLS");
    }
}

#[test]
fn tls_is_preferred_unless_said_otherwise() {
    let ways = |mode: &str| -> Vec<bool> {
        let found = read_with(&format!("host=h sslmode={mode}"), &[]).unwrap();
        found.hosts[0].iter().map(|way| way.security.tls.is_some()).collect()
    };
    assert_eq!(ways("disable"), [false]);
    assert_eq!(ways("allow"), [false, true]);
    assert_eq!(ways("prefer"), [true, false]);
    assert_eq!(ways("require"), [true]);
    assert_eq!(read_with("host=h", &[]).unwrap().hosts[0].len(), 2);
    let refused = |text: &str| read_with(text, &[]).unwrap_err().to_string();
    assert!(refused("host=h sslmode=verify-full").contains("sslrootcert"));
    assert!(refused("host=h sslmode=verify-full sslrootcert=/nowhere/ca").contains("/nowhere/ca"));
    assert!(refused("host=h sslrootcert=system sslmode=require").contains("verify-full"));
    assert!(refused("host=h sslmode=full").contains("one of disable"));
}

#[test]
fn the_password_file_is_read_line_by_line_and_only_when_nobody_else_can() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".pgpass");
    std::fs::write(&file, "# all\nother:*:*:*:no\nh:5432:d\\:b:me:pa\\:ss:wo\\\\rd\n*:*:*:*:last\n").unwrap();
    let read = |text: &str| {
        let outside =
            Outside { variable: &|_| None, home: Some(folder.path().to_owned()), user: Some("me".to_owned()) };
        super::read(text, &outside).unwrap()
    };
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(password(&read("host=h dbname=d:b").hosts[0][0]), Some(r"pa:ss:wo\rd"));
    assert_eq!(password(&read("host=x").hosts[0][0]), Some("last"));
    assert_eq!(password(&read("host=x password=mine").hosts[0][0]), Some("mine"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let found = read("host=h");
    assert_eq!(password(&found.hosts[0][0]), None);
    assert!(found.notes[0].contains("chmod 0600"), "{:?}", found.notes);
}

#[test]
fn what_is_wrong_is_said_without_what_could_be_a_password() {
    let cases = [
        ("mysql://u:hunter2@h/db", "postgresql://"),
        ("shop", "is a URL"),
        ("postgres://u:hun/ter2@h/db", "percent-encode"),
        ("postgres://u:x@hunter2:1/ter2@h/db", "percent-encode"),
        ("postgres://u:hunter2@h:hunter2/db", "port is a number"),
        ("postgres://u:hun%zzter2@h/db", "hexadecimal"),
        ("postgres://u@h/db?hunter2", "key=value"),
        ("postgres://u@h/db?hunter2=3", "unknown keyword"),
        ("host=h pasword=hunter2", "did you mean `password`"),
        ("host=h password='hunter2", "not closed"),
        ("host=h service=hunter2", "`service`"),
        ("host=h sslcrl=/x", "`sslcrl`"),
        ("postgres://[::1/db", "brackets"),
        ("host=h options=hunter2", "-c name=value"),
        ("host=@abstract", "abstract"),
        ("host=a,b port=1,2,3", "one port"),
        ("${not a name}", "name of a variable"),
    ];
    for (text, expected) in cases {
        let message = read_with(text, &[]).unwrap_err().to_string();
        assert!(message.contains(expected), "{text}: {message}");
        assert!(!message.contains("hunter2") && !message.contains("ter2"), "{message}");
    }
    assert!(read_with("host=h", &[("PGREQUIREPEER", "x")]).unwrap_err().to_string().contains("PGREQUIREPEER"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
    #[test]
    fn a_password_in_a_url_or_in_pairs_is_never_shown_and_comes_through(secret in "[!-~]{8,24}") {
        let encoded: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let quoted = secret.replace('\\', "\\\\").replace('\'', "\\'");
        for text in [format!("postgres://u:{encoded}@h/db"), format!("host=h password='{quoted}'")] {
            if !secret.contains("${") {
                let found = one(&text);
                proptest::prop_assert_eq!(password(&found), Some(secret.as_str()));
            }
            let shown = redacted(&text);
            proptest::prop_assert!(!shown.contains(&secret) && !shown.contains(&encoded), "{}", shown);
        }
    }

    #[test]
    fn a_password_that_is_not_encoded_is_not_shown_either(secret in "[ '\"`@:/?&=%\\\\a-c]{1,16}") {
        let url = format!("postgres://u:{secret}@h/db");
        proptest::prop_assert_eq!(redacted_target(&url), "postgres://u:***@h/db");
        let escaped: String =
            secret.chars().flat_map(|letter| (" '\\".contains(letter)).then_some('\\').into_iter().chain([letter])).collect();
        let pairs = format!("host=h password={escaped} user=u");
        let found = one(&pairs);
        proptest::prop_assert_eq!(password(&found), Some(secret.as_str()));
        proptest::prop_assert_eq!(redacted_target(&pairs), "host=h password=*** user=u");
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,60}", tail in "[ -~]{0,40}") {
        let _ = read_with(&text, &[]);
        let _ = read_with(&format!("postgres://{tail}"), &[]);
        let _ = read_with(&format!("host=h {tail}"), &[]);
        proptest::prop_assert_eq!(masked(&text).len(), text.len());
        for start in ["", "postgres://u", "host=h ", "${A}", "--target=password="] {
            let target = format!("{start}{text}");
            let _ = (redacted_target(&target), redacted_argument(&target));
        }
    }
}
