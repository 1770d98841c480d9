//! KMS, by the AWS SDK; its signatures verified by the library underneath.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use aws_sdk_kms::Client;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{
    DataKeySpec, KeySpec, KeyState, KeyUsageType, MessageType, SigningAlgorithmSpec, Tag,
};

use crate::account::{ACCOUNT, Account, KEY, REGION, SECRET_KEY, keys};

const MESSAGE: &[u8] = b"what is signed";

fn code<T: std::fmt::Debug, E: ProvideErrorMetadata>(answer: Result<T, E>) -> String {
    answer.unwrap_err().code().unwrap().to_owned()
}

async fn public_key(kms: &Client, key: &str) -> Vec<u8> {
    kms.get_public_key().key_id(key).send().await.unwrap().public_key.unwrap().into_inner()
}

async fn sign(
    kms: &Client,
    kind: MessageType,
    message: &[u8],
    algorithm: SigningAlgorithmSpec,
) -> Vec<u8> {
    let signing = kms.sign().key_id(KEY).message_type(kind).message(Blob::new(message));
    let answer = signing.signing_algorithm(algorithm).send().await.unwrap();
    answer.signature.unwrap().into_inner()
}

#[tokio::test]
async fn a_digest_is_signed_as_it_is_and_a_raw_message_is_hashed_once() {
    let account = Account::start(keys()).await;
    let kms = account.kms();
    let public = public_key(&kms, KEY).await;
    let hashed = digest(&SHA256, MESSAGE);
    let algorithms: [(_, &'static dyn VerificationAlgorithm); 2] = [
        (SigningAlgorithmSpec::RsassaPkcs1V15Sha256, &RSA_PKCS1_2048_8192_SHA256),
        (SigningAlgorithmSpec::RsassaPssSha256, &RSA_PSS_2048_8192_SHA256),
    ];

    for (algorithm, verification) in algorithms {
        let key = UnparsedPublicKey::new(verification, &public);
        let inputs = [(MessageType::Digest, hashed.as_ref()), (MessageType::Raw, MESSAGE)];
        for (kind, message) in inputs {
            let signature = sign(&kms, kind.clone(), message, algorithm.clone()).await;
            assert!(key.verify(MESSAGE, &signature).is_ok(), "{algorithm} {kind}");

            let verifying = kms.verify().key_id(KEY).message_type(kind).message(Blob::new(message));
            let verifying = verifying.signing_algorithm(algorithm.clone());
            let good = verifying.clone().signature(Blob::new(signature.clone())).send().await;
            assert!(good.unwrap().signature_valid);
            let mut broken = signature;
            broken[100] ^= 1;
            let bad = verifying.signature(Blob::new(broken)).send().await;
            assert_eq!(code(bad), "KMSInvalidSignatureException");
        }
    }
}

#[tokio::test]
async fn what_a_key_cannot_do_is_refused() {
    let account = Account::start(keys()).await;
    let kms = account.kms();
    let pkcs1 = SigningAlgorithmSpec::RsassaPkcs1V15Sha256;
    let signing = kms.sign().key_id(KEY).signing_algorithm(pkcs1.clone());

    let short = signing.clone().message_type(MessageType::Digest).message(Blob::new(vec![0; 31]));
    assert_eq!(code(short.send().await), "ValidationException");
    let long = signing.clone().message_type(MessageType::Raw).message(Blob::new(vec![0; 4097]));
    assert_eq!(code(long.send().await), "ValidationException");
    let elliptic = signing.signing_algorithm(SigningAlgorithmSpec::EcdsaSha256);
    let elliptic = elliptic.message_type(MessageType::Digest).message(Blob::new(vec![0; 32]));
    assert_eq!(code(elliptic.send().await), "ValidationException");

    let symmetric = kms.sign().key_id(SECRET_KEY).signing_algorithm(pkcs1).message(Blob::new("x"));
    assert_eq!(code(symmetric.send().await), "InvalidKeyUsageException");
    let asymmetric = kms.encrypt().key_id(KEY).plaintext(Blob::new("x"));
    assert_eq!(code(asymmetric.send().await), "InvalidKeyUsageException");
    let no_public = kms.get_public_key().key_id(SECRET_KEY).send().await;
    assert_eq!(code(no_public), "UnsupportedOperationException");
    let unknown = kms.describe_key().key_id("6a3dbe2e-3f0c-4a52-9d5f-0000000000ff").send().await;
    assert_eq!(code(unknown), "NotFoundException");
}

#[tokio::test]
async fn a_key_is_found_by_id_arn_alias_and_alias_arn() {
    let account = Account::start(keys()).await;
    let kms = account.kms();
    let arn = format!("arn:aws:kms:{REGION}:{ACCOUNT}");

    for name in [
        KEY.to_owned(),
        format!("{arn}:key/{KEY}"),
        "alias/federation".to_owned(),
        format!("{arn}:alias/federation"),
    ] {
        let found = kms.describe_key().key_id(&name).send().await.unwrap();
        assert_eq!(found.key_metadata.unwrap().key_id, KEY, "{name}");
    }
    for name in [
        KEY.to_uppercase(),
        format!("key/{KEY}"),
        format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY}"),
        "federation".to_owned(),
        "alias/other".to_owned(),
        "*".to_owned(),
    ] {
        let missing = kms.describe_key().key_id(&name).send().await;
        assert_eq!(code(missing), "NotFoundException", "{name}");
    }
}

#[tokio::test]
async fn keys_aliases_tags_and_states_survive_a_restart() {
    let account = Account::start(keys()).await;
    let kms = account.kms();
    let before = public_key(&kms, KEY).await;
    let tag = Tag::builder().tag_key("organization").tag_value("contoso").build().unwrap();
    let made = kms.create_key().key_spec(KeySpec::Rsa2048).key_usage(KeyUsageType::SignVerify);
    let made = made.description("a second").tags(tag.clone()).send().await.unwrap();
    let made = made.key_metadata.unwrap().key_id;
    kms.create_alias().alias_name("alias/second").target_key_id(&made).send().await.unwrap();
    let again = kms.create_alias().alias_name("alias/second").target_key_id(KEY).send().await;
    assert_eq!(code(again), "AlreadyExistsException");
    kms.disable_key().key_id("alias/second").send().await.unwrap();

    let account = account.restarted().await;

    let kms = account.kms();
    assert_eq!(public_key(&kms, "alias/federation").await, before);
    let second = kms.describe_key().key_id("alias/second").send().await.unwrap();
    let second = second.key_metadata.unwrap();
    assert_eq!(second.key_id, made);
    assert_eq!(second.key_state, Some(KeyState::Disabled));
    assert_eq!(second.description.as_deref(), Some("a second"));
    let tags = kms.list_resource_tags().key_id(&made).send().await.unwrap();
    assert_eq!(tags.tags(), [tag]);
    let aliases = kms.list_aliases().send().await.unwrap();
    let names: Vec<_> = aliases.aliases().iter().filter_map(|alias| alias.alias_name()).collect();
    assert_eq!(names, ["alias/federation", "alias/second", "alias/secrets"]);
    assert_eq!(code(kms.get_public_key().key_id(&made).send().await), "DisabledException");
}

#[tokio::test]
async fn a_disabled_key_and_one_to_be_deleted_refuse_until_they_are_enabled() {
    let account = Account::start(keys()).await;
    let kms = account.kms();
    let sign = || {
        let signing = kms.sign().key_id(KEY).message(Blob::new("x"));
        signing.signing_algorithm(SigningAlgorithmSpec::RsassaPssSha256).send()
    };

    kms.disable_key().key_id(KEY).send().await.unwrap();
    assert_eq!(code(sign().await), "DisabledException");
    kms.enable_key().key_id(KEY).send().await.unwrap();
    assert!(sign().await.is_ok());

    let soon = kms.schedule_key_deletion().key_id(KEY).pending_window_in_days(6).send().await;
    assert_eq!(code(soon), "ValidationException");
    kms.schedule_key_deletion().key_id(KEY).pending_window_in_days(7).send().await.unwrap();
    assert_eq!(code(sign().await), "KMSInvalidStateException");
    assert_eq!(code(kms.enable_key().key_id(KEY).send().await), "KMSInvalidStateException");
    kms.cancel_key_deletion().key_id(KEY).send().await.unwrap();
    assert_eq!(code(sign().await), "DisabledException");
    kms.enable_key().key_id(KEY).send().await.unwrap();
    assert!(sign().await.is_ok());
}

#[tokio::test]
async fn a_ciphertext_opens_only_with_its_context_and_its_key() {
    let account = Account::start(keys()).await;
    let kms = account.kms();
    let other = kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    let sealed = kms.encrypt().key_id("alias/secrets").plaintext(Blob::new("secret"));
    let sealed = sealed.encryption_context("organization", "contoso").send().await.unwrap();
    let sealed = sealed.ciphertext_blob.unwrap();
    let open = || kms.decrypt().ciphertext_blob(sealed.clone());

    let right = open().encryption_context("organization", "contoso");
    let opened = right.clone().send().await.unwrap();
    assert_eq!(opened.plaintext.unwrap().as_ref(), b"secret");
    assert!(right.clone().key_id(SECRET_KEY).send().await.is_ok());
    assert_eq!(code(right.key_id(&other).send().await), "IncorrectKeyException");
    let wrong = open().encryption_context("organization", "fabrikam");
    assert_eq!(code(wrong.send().await), "InvalidCiphertextException");
    assert_eq!(code(open().send().await), "InvalidCiphertextException");
    let nonsense = kms.decrypt().ciphertext_blob(Blob::new("nonsense")).send().await;
    assert_eq!(code(nonsense), "InvalidCiphertextException");
}

#[tokio::test]
async fn a_data_key_comes_open_and_sealed_and_random_bytes_differ() {
    let account = Account::start(keys()).await;
    let kms = account.kms();

    let pair = kms.generate_data_key().key_id(SECRET_KEY).key_spec(DataKeySpec::Aes256);
    let pair = pair.encryption_context("a", "b").send().await.unwrap();

    let open = pair.plaintext.unwrap();
    assert_eq!(open.as_ref().len(), 32);
    let sealed = kms.decrypt().ciphertext_blob(pair.ciphertext_blob.unwrap());
    let opened = sealed.encryption_context("a", "b").send().await.unwrap();
    assert_eq!(opened.plaintext.unwrap(), open);

    let random = || kms.generate_random().number_of_bytes(64).send();
    let (first, second) = (random().await.unwrap(), random().await.unwrap());
    assert_eq!(first.plaintext.as_ref().unwrap().as_ref().len(), 64);
    assert_ne!(first.plaintext, second.plaintext);
}
