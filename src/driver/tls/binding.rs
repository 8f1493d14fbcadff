//! `tls-server-end-point`: the hash of the server's certificate, by the hash function of its own signature.

use sha2::{Digest, Sha256, Sha384, Sha512};

/// Object identifiers of signature algorithms, in DER, and the hash that they imply. MD5 and SHA-1 are replaced by SHA-256
/// (RFC 5929, section 4.1).
const SIGNATURES: [(&[u8], Hash); 10] = [
    // 1.2.840.113549.1.1: RSA with MD5, SHA-1, SHA-256, SHA-384, SHA-512
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12], Hash::Sha384),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], Hash::Sha512),
    // 1.2.840.10045.4: ECDSA with SHA-1, SHA-256, SHA-384, SHA-512
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], Hash::Sha384),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], Hash::Sha512),
    // 2.16.840.1.101.3.4.3.2: DSA with SHA-256
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 2], Hash::Sha256),
];

#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// The binding of a certificate in DER. `None` where the signature implies no single hash (Ed25519, PSS), or is unknown.
pub(super) fn server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    // Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, … }, … }
    let (body, _) = element(certificate, SEQUENCE)?;
    let (_, after_tbs) = element(body, SEQUENCE)?;
    let (algorithm, _) = element(after_tbs, SEQUENCE)?;
    let (identifier, _) = element(algorithm, OBJECT_IDENTIFIER)?;
    let (_, hash) = SIGNATURES.iter().find(|(known, _)| *known == identifier)?;
    Some(match hash {
        Hash::Sha256 => Sha256::digest(certificate).to_vec(),
        Hash::Sha384 => Sha384::digest(certificate).to_vec(),
        Hash::Sha512 => Sha512::digest(certificate).to_vec(),
    })
}

/// The content of a DER element of that tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [found, length, rest @ ..] = bytes else { return None };
    if *found != tag {
        return None;
    }
    let (length, rest) = match usize::from(*length) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (digits, rest) = rest.split_at_checked(long - 0x80)?;
            if digits.len() > 4 {
                return None;
            }
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let mut bytes = vec![tag];
        match u8::try_from(length) {
            Ok(short @ 0..0x80) => bytes.push(short),
            _ => bytes.extend([0x82, (length >> 8) as u8, (length & 0xff) as u8]),
        }
        bytes.extend(content);
        bytes
    }

    fn certificate(identifier: &[u8]) -> Vec<u8> {
        let tbs = der(SEQUENCE, &[7; 300]);
        let algorithm = der(SEQUENCE, &der(OBJECT_IDENTIFIER, identifier));
        der(SEQUENCE, &[tbs, algorithm, vec![3, 2, 0, 9]].concat())
    }

    #[test]
    fn the_hash_is_that_of_the_signature_and_covers_the_whole_certificate() {
        for (identifier, length) in [(SIGNATURES[1].0, 32), (SIGNATURES[3].0, 48), (SIGNATURES[8].0, 64)] {
            let certificate = certificate(identifier);
            let binding = server_end_point(&certificate).unwrap();
            assert_eq!(binding.len(), length);
            let mut other = certificate.clone();
            *other.last_mut().unwrap() ^= 1;
            assert_ne!(server_end_point(&other).unwrap(), binding);
        }
        assert_eq!(server_end_point(&certificate(&[0x2b, 0x65, 0x70])), None, "Ed25519 implies no hash");
    }

    #[test]
    fn anything_cut_off_has_no_binding() {
        let whole = certificate(SIGNATURES[2].0);
        for end in 0..whole.len() {
            assert_eq!(server_end_point(&whole[..end]), None);
        }
    }
}
