//! The script of the page: the plotting library, what draws with it, and the policy under which a browser runs both.
//!
//! The policy names the script by its hash and forbids everything else: no other script runs, whatever a result says, and
//! no request leaves the page.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

const LIBRARY: &str = include_str!("assets/uplot/uPlot.iife.min.js");
/// First line of the library: an address, which a page that asks nobody does not hold.
const LIBRARY_BANNER: &str = "/*! https://github.com/leeoniya/uPlot (v1.6.32) */\n";
const LIBRARY_STYLE: &str = include_str!("assets/uplot/uPlot.min.css");
const LIBRARY_LICENCE: &str = include_str!("assets/uplot/LICENSE.txt");

/// What any page with sections wants.
const SECTIONS: &str = include_str!("assets/live/sections.js");
/// What an index wants beside that.
const INDEX: &str = include_str!("assets/index.js");

/// In this order; one scope holds them all.
const OWN: [&str; 6] = [
    include_str!("assets/live/numbers.js"),
    include_str!("assets/live/axes.js"),
    include_str!("assets/live/plots.js"),
    include_str!("assets/live/controls.js"),
    include_str!("assets/live/page.js"),
    SECTIONS,
];

/// Style rules that the library needs.
pub(super) fn style() -> &'static str {
    LIBRARY_STYLE
}

/// The whole script.
pub(super) fn script() -> String {
    let library = LIBRARY.strip_prefix(LIBRARY_BANNER).unwrap_or(LIBRARY);
    let licence = LIBRARY_LICENCE.trim();
    let own = OWN.concat();
    format!("/*! uPlot 1.6.32\n{licence}\n*/\n{library}\n(() => {{\n\"use strict\";\n{own}}})();\n")
}

/// The script of an index, which has no plots.
pub(super) fn index_script() -> String {
    format!("(() => {{\n\"use strict\";\n{INDEX}{SECTIONS}}})();\n")
}

/// What a page may do, for the header `Content-Security-Policy`: run its script if it has one, use its own styles, nothing else.
pub(super) fn policy(script: Option<&str>) -> String {
    let allowed = script.map_or_else(String::new, |script| {
        format!(" script-src 'sha256-{}';", base64(&Sha256::digest(script.as_bytes())))
    });
    format!(
        "default-src 'none';{allowed} style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0, |bits, byte| (bits << 8) | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// JSON that may stand within `<script>`: no character that could end the element, or the line of older scripts.
pub(super) fn embedded(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + json.len() / 8);
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_the_standard_writes_it() {
        let shown = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(shown, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
        assert_eq!(base64(&[0xfb, 0xff, 0xbf]), "+/+/");
    }

    #[test]
    fn embedded_json_cannot_end_its_element_and_is_the_same_json() {
        let nasty = "</script><!-- <script> ]]> & \u{2028}\u{2029} \" \\ ' 日本 \u{1}";
        let json = serde_json::to_string(&[nasty]).expect("a string");
        let text = embedded(&json);
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{text}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&text).expect("JSON").first().map(String::as_str), Some(nasty));
    }

    #[test]
    fn the_script_asks_nobody_and_cannot_end_its_element() {
        let script = script();
        assert!(LIBRARY.starts_with(LIBRARY_BANNER), "the library's first line has changed");
        let index = index_script();
        for text in ["://", "</script", "<!--", "fetch(", "XMLHttpRequest", "innerHTML", "eval(", "import("] {
            assert!(!script.contains(text) && !index.contains(text), "{text}");
        }
        assert!(script.contains("The MIT License (MIT)") && script.contains("Leon Sorokin"), "the licence goes along");
        assert!(policy(Some(&script)).starts_with("default-src 'none'; script-src 'sha256-"));
        assert!(!policy(None).contains("script-src"), "then there is none to run");
    }
}
