//! Known answers, and every way of tampering.
use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;

use proptest::prelude::*;
use secrecy::SecretBox;

use super::*;
use crate::master::MasterKeyring;

const TENANT: &str = "0192f0c1-0000-7000-8000-000000000001";
const KEY: &str = "0192f0c1-0000-7000-8000-000000000002";
const HOME: Binding<'_> = Binding { tenant: TENANT, provider: "openai", key: KEY, version: 3 };
const SECRET: &str = "sk-known-answer-0123456789";

/// Made by another implementation (Python's `cryptography`) from the same inputs: the format and
/// what is bound into it may never change under the number 1.
const KNOWN: &str = "010000000700000003003ca0a1a2a3a4a5a6a7a8a9aaaba6593e6e018e44f82a2ccd984b378e91\
    20fd0b43c6e2143bc4577cdd23f62b5ec51196f025d733f78fa6a054bdbb5b18808182838485868788898a8b5e3593\
    ac4c1b5ded450bfe5b05c7e70fc8cdfbe17952d023c6b764e4114c796d5ff01bb8e87126fdc31b";

/// Counts up from given bytes instead of giving random ones.
struct Counting(Mutex<Vec<u8>>);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        let from = self.0.lock().expect("not poisoned").pop().expect("one more");
        for (byte, value) in buffer.iter_mut().zip(from..) {
            *byte = value;
        }
        Ok(())
    }
}

fn master(version: u32, first: u8) -> (u32, SecretBox<[u8; 32]>) {
    (version, SecretBox::new(Box::new(std::array::from_fn(|at| first.wrapping_add(at as u8)))))
}

fn keyring(keys: impl IntoIterator<Item = (u32, SecretBox<[u8; 32]>)>) -> MasterKeyring {
    MasterKeyring::new(keys.into_iter().collect::<BTreeMap<_, _>>()).expect("keys")
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("hex"))
        .collect()
}

/// Local master keys answer at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("local keys never wait"),
    }
}

fn open_bytes(keys: &MasterKeyring, binding: &Binding<'_>, bytes: &[u8]) -> Result<SecretString> {
    let sealed = Sealed::parse(bytes)?;
    now(open(keys, binding, &sealed))
}

#[test]
fn sealing_gives_the_known_answer_and_it_opens() {
    let random = Counting(Mutex::new(vec![0xa0, 0x80, 0x40]));
    let keys = keyring([master(7, 0)]);
    let (data_key, sealed) = encrypt(&random, &HOME, &SECRET.to_owned().into()).expect("sealed");
    let wrapped = keys.wrap_with(&random, &data_key, &HOME.of_data_key(7)).expect("wrapped");
    let sealed = Sealed { kek_version: 7, wrapped, ..sealed };
    assert_eq!(sealed.to_bytes().expect("bytes"), unhex(KNOWN));
    let opened = open_bytes(&keys, &HOME, &unhex(KNOWN)).expect("opens");
    assert_eq!(opened.expose_secret(), SECRET);
}

/// Test case 16 of "The Galois/Counter Mode of Operation" (McGrew, Viega): AES-256 with associated
/// data.
#[test]
fn the_cipher_is_the_one_of_the_specification() {
    let key: [u8; 32] = unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
        .try_into()
        .expect("32");
    let nonce: [u8; 12] = unhex("cafebabefacedbaddecaf888").try_into().expect("12");
    let mut body = unhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
         1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    );
    let data = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let tag = cipher(&key)
        .expect("a cipher")
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(data), &mut body)
        .expect("sealed");
    let expected = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                    8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662";
    assert_eq!(body, unhex(expected));
    assert_eq!(tag.as_ref(), unhex("76fc6ece0f4e1768cddf8853bb2d551b"));
}

#[test]
fn every_flipped_bit_is_refused() {
    let keys = keyring([master(7, 0)]);
    let bytes = unhex(KNOWN);
    for at in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[at / 8] ^= 1 << (at % 8);
        let refused = open_bytes(&keys, &HOME, &changed).expect_err("refused");
        assert!(!refused.to_string().contains(SECRET), "bit {at}");
    }
}

#[test]
fn every_truncation_and_every_extension_is_refused() {
    let keys = keyring([master(7, 0)]);
    let bytes = unhex(KNOWN);
    for length in 0..bytes.len() {
        assert!(open_bytes(&keys, &HOME, &bytes[..length]).is_err(), "{length} bytes");
    }
    for more in [&b"\0"[..], b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"] {
        let longer = [bytes.as_slice(), more].concat();
        assert!(matches!(open_bytes(&keys, &HOME, &longer), Err(VaultError::Tampered)));
    }
    assert!(matches!(open_bytes(&keys, &HOME, b""), Err(VaultError::Truncated)));
    assert!(matches!(open_bytes(&keys, &HOME, b"\x02"), Err(VaultError::UnknownFormat(2))));
}

#[test]
fn it_opens_nowhere_else() {
    let keys = keyring([master(7, 0)]);
    let bytes = unhex(KNOWN);
    let other = "0192f0c1-0000-7000-8000-000000000009";
    for elsewhere in [
        Binding { tenant: other, ..HOME },
        Binding { provider: "azure", ..HOME },
        Binding { key: other, ..HOME },
        // The same letters, divided otherwise.
        Binding { tenant: "0192f0c1-0000-7000-8000-000000000001open", provider: "ai", ..HOME },
        Binding { tenant: KEY, key: TENANT, ..HOME },
        Binding { version: 2, ..HOME },
    ] {
        let refused = open_bytes(&keys, &elsewhere, &bytes);
        assert!(matches!(refused, Err(VaultError::Tampered)), "{elsewhere:?}: {refused:?}");
        let sealed = Sealed::parse(&bytes).expect("parses");
        assert!(now(rewrap(&keys, &elsewhere, &sealed)).is_err(), "{elsewhere:?}");
    }
    let rolled_back = open_bytes(&keys, &Binding { version: 4, ..HOME }, &bytes);
    assert!(matches!(rolled_back, Err(VaultError::RolledBack { found: 3, expected: 4 })));
}

#[test]
fn parts_of_two_secrets_do_not_make_a_third() {
    let keys = keyring([master(7, 0)]);
    let one = now(seal(&keys, &HOME, &SECRET.to_owned().into())).expect("sealed");
    let two = now(seal(&keys, &HOME, &"sk-another-secret-000".to_owned().into())).expect("sealed");
    let mixed = [
        Sealed { wrapped: two.wrapped.clone(), ..one.clone() },
        Sealed { nonce: two.nonce, ..one.clone() },
        Sealed { ciphertext: two.ciphertext.clone(), ..one.clone() },
    ];
    for sealed in mixed {
        assert!(matches!(now(open(&keys, &HOME, &sealed)), Err(VaultError::Tampered)));
    }
}

#[test]
fn a_missing_master_key_is_named_and_a_wrong_one_refused() {
    let bytes = unhex(KNOWN);
    let missing = open_bytes(&keyring([master(8, 0)]), &HOME, &bytes);
    assert!(matches!(missing, Err(VaultError::UnknownMasterKey { version: 7 })), "{missing:?}");
    let wrong = open_bytes(&keyring([master(7, 1)]), &HOME, &bytes);
    assert!(matches!(wrong, Err(VaultError::Tampered)), "{wrong:?}");
}

#[test]
fn wrapping_anew_changes_the_wrapping_and_leaves_the_secret_encrypted() {
    let old = keyring([master(7, 0)]);
    let both = keyring([master(7, 0), master(8, 100)]);
    let sealed = Sealed::parse(&unhex(KNOWN)).expect("parses");
    let anew = now(rewrap(&both, &HOME, &sealed)).expect("wrapped anew");
    assert_eq!(
        (anew.kek_version, &anew.ciphertext, anew.nonce),
        (8, &sealed.ciphertext, sealed.nonce)
    );
    assert_ne!(anew.wrapped, sealed.wrapped);
    let new = keyring([master(8, 100)]);
    assert_eq!(now(open(&new, &HOME, &anew)).expect("opens").expose_secret(), SECRET);
    assert!(now(open(&old, &HOME, &anew)).is_err());
    let relabelled = Sealed { kek_version: 8, ..sealed };
    assert!(matches!(now(open(&both, &HOME, &relabelled)), Err(VaultError::Tampered)));
}

/// A data key serves one encryption, so a nonce cannot repeat under it. What could repeat are data
/// keys and the nonces under the master key: they do not in a million writes.
#[test]
fn no_nonce_repeats_in_a_million_writes() {
    let keys = keyring([master(7, 0)]);
    let random = random::system();
    let secret: SecretString = "sk".to_owned().into();
    let mut data_keys = HashSet::with_capacity(1_000_000);
    let mut nonces = HashSet::with_capacity(1_000_000);
    let context = HOME.of_data_key(7);
    for _ in 0..1_000_000 {
        let (key, sealed) = encrypt(&random, &HOME, &secret).expect("sealed");
        let wrapped = keys.wrap_with(&random, &key, &context).expect("wrapped");
        let half: [u8; 16] = key.expose()[..16].try_into().expect("16");
        let nonce: [u8; NONCE] = wrapped[..NONCE].try_into().expect("12");
        assert!(data_keys.insert((half, sealed.nonce)), "a data key and its nonce came again");
        assert!(nonces.insert(nonce), "a nonce under the master key came again");
    }
}

#[test]
fn nothing_that_prints_prints_a_secret() {
    let keys = keyring([master(7, 0)]);
    let opened = open_bytes(&keys, &HOME, &unhex(KNOWN)).expect("opens");
    let shown = format!("{keys:?} {opened:?} {:?}", DataKey::from_bytes(&[0x5a; 32]));
    assert_eq!(
        shown,
        "MasterKeyring(versions [7], keys [redacted]) SecretBox<str>([REDACTED]) DataKey([redacted])"
    );
}

proptest! {
    #[test]
    fn what_is_sealed_opens_at_home(
        secret in "[!-~]{0,300}",
        tenant in "[a-z0-9-]{0,40}",
        provider in "[a-z]{0,10}",
        version in 1_u32..,
    ) {
        let keys = keyring([master(1, 9)]);
        let binding = Binding { tenant: &tenant, provider: &provider, key: KEY, version };
        let sealed = now(seal(&keys, &binding, &secret.clone().into())).expect("sealed");
        let bytes = sealed.to_bytes().expect("bytes");
        if secret.len() > 3 {
            let shows = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            prop_assert!(!shows);
        }
        let opened = open_bytes(&keys, &binding, &bytes).expect("opens");
        prop_assert_eq!(opened.expose_secret(), secret);
    }

    #[test]
    fn any_damage_is_refused(at in 0_usize..125, to: u8) {
        let mut bytes = unhex(KNOWN);
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        prop_assert!(open_bytes(&keyring([master(7, 0)]), &HOME, &bytes).is_err());
    }
}
