//! Making a self-signed certificate whose private key is somewhere else.
//!
//! RFC 5280 §4.1. Two-phase, like every signature here: build, digest, ask, put together.

use aws_lc_rs::digest;
use jiff::Timestamp;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{self, Builder, CertificateBuilder};
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::asn1::{Any, BitString, ObjectIdentifier, SetOfVec};
use x509_cert::der::{self, DateTime, Decode, Document, Encode, Tag};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{
    self, AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey,
    SubjectPublicKeyInfo, SubjectPublicKeyInfoRef,
};
use x509_cert::time::{Time, Validity as X509Validity};

use crate::{
    Certificate, CertificateShape, PublicKey, PublicKeyError, SignError, Signer, Validity,
};

/// `sha256WithRSAEncryption`, RFC 4055 §5.
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

/// `id-at-commonName`, RFC 5280 appendix A.1.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Characters of a common name at most: `ub-common-name`, RFC 5280 appendix A.1.
const MAX_COMMON_NAME: usize = 64;

/// Octets of a serial number, RFC 5280 §4.1.2.2.
const SERIAL_LENGTH: usize = 20;

/// Whose certificate it says it is: one common name of 1 to 64 characters.
///
/// # Examples
/// ```
/// # use keys::CertificateSubject;
/// assert!(CertificateSubject::parse("Passerelle, federation of contoso.com").is_ok());
/// assert!(CertificateSubject::parse("").is_err());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateSubject {
    common_name: String,
}

/// Why a text is no common name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a common name has 1 to 64 characters, none of them a control character")]
pub struct SubjectError;

impl CertificateSubject {
    /// Takes the common name; every printable character stands for itself.
    ///
    /// # Errors
    /// [`SubjectError`] when it is empty, longer than 64 characters, or has control characters.
    pub fn parse(common_name: &str) -> Result<Self, SubjectError> {
        let length = common_name.chars().count();
        let good =
            (1..=MAX_COMMON_NAME).contains(&length) && !common_name.chars().any(char::is_control);
        good.then(|| Self { common_name: common_name.to_owned() }).ok_or(SubjectError)
    }

    /// Built as values and not from RFC 4514 text, in which a comma would begin another attribute.
    fn name(&self) -> der::Result<Name> {
        let attribute = AttributeTypeAndValue {
            oid: COMMON_NAME,
            value: Any::new(Tag::Utf8String, self.common_name.as_bytes())?,
        };
        let mut set = SetOfVec::new();
        set.insert(attribute)?;
        let mut sequence = RdnSequence::default();
        sequence.push(RelativeDistinguishedName::from(set));
        Name::from_der(&sequence.to_der()?)
    }
}

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// No public key to make it for.
    #[error("no public key for the certificate")]
    PublicKey(#[from] PublicKeyError),
    /// No signature for it.
    #[error("no signature for the certificate")]
    Sign(#[from] SignError),
    /// It could not be put together.
    #[error("the certificate could not be built")]
    Build(#[source] builder::Error),
    /// What was put together does not read back.
    #[error("the certificate does not read back")]
    Shape(#[from] CertificateShape),
}

impl From<der::Error> for CertificateError {
    fn from(error: der::Error) -> Self {
        Self::Build(error.into())
    }
}

impl From<builder::Error> for CertificateError {
    fn from(error: builder::Error) -> Self {
        Self::Build(error)
    }
}

/// A certificate that lacks nothing but its signature.
pub(crate) struct Unsigned {
    builder: CertificateBuilder<SelfSigned>,
    key: Named,
    to_be_signed: Vec<u8>,
}

impl Unsigned {
    pub(crate) fn new(
        public_key: PublicKey,
        subject: &CertificateSubject,
        validity: Validity,
    ) -> Result<Self, CertificateError> {
        let subject = subject.name()?;
        let serial = serial_number(&public_key, &subject, validity)?;
        let validity = X509Validity::new(time(validity.not_before())?, time(validity.not_after())?);
        let spki = SubjectPublicKeyInfo::from_der(public_key.as_der())?;
        let key = Named(public_key);
        let mut builder = CertificateBuilder::new(SelfSigned { subject }, serial, validity, spki)?;
        let to_be_signed = Builder::finalize(&mut builder, &key)?;
        Ok(Self { builder, key, to_be_signed })
    }

    pub(crate) async fn sign(self, signer: &dyn Signer) -> Result<Certificate, CertificateError> {
        let signature = signer.sign(xmldsig::sha256(&self.to_be_signed)).await?;
        let signature = BitString::from_bytes(&signature)?;
        let signed = Builder::assemble(self.builder, signature, &self.key)?;
        Ok(Certificate::from_der(&signed.to_der()?)?)
    }
}

/// A positive number of exactly 20 octets that is another one for another certificate,
/// RFC 5280 §4.1.2.2.
///
/// Not random: an interrupted bootstrap must come to the same certificate again.
fn serial_number(
    public_key: &PublicKey,
    subject: &Name,
    validity: Validity,
) -> der::Result<SerialNumber> {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(public_key.as_der());
    context.update(&validity.not_before().as_second().to_be_bytes());
    context.update(&validity.not_after().as_second().to_be_bytes());
    context.update(&subject.to_der()?);
    let digest = context.finish();
    let mut octets: Vec<u8> = digest.as_ref().iter().copied().take(SERIAL_LENGTH).collect();
    if let Some(first) = octets.first_mut() {
        // The first bit is the sign; the second one set keeps the length.
        *first = *first & 0x7F | 0x40;
    }
    SerialNumber::new(&octets)
}

/// `UTCTime` through 2049, `GeneralizedTime` from 2050, RFC 5280 §4.1.2.5.
fn time(instant: Timestamp) -> der::Result<Time> {
    let since_epoch = std::time::Duration::try_from(instant.duration_since(Timestamp::UNIX_EPOCH))
        .map_err(|_| der::ErrorKind::DateTime)?;
    Ok(Time::from(DateTime::from_unix_duration(since_epoch)?))
}

/// An end-entity certificate that is its own issuer and may sign nothing but messages.
struct SelfSigned {
    subject: Name,
}

impl BuilderProfile for SelfSigned {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        issuer_key: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let constraints = BasicConstraints { ca: false, path_len_constraint: None };
        let usage = KeyUsage(KeyUsages::DigitalSignature.into());
        let subject_key = SubjectKeyIdentifier::try_from(key)?;
        let authority_key = AuthorityKeyIdentifier::try_from(issuer_key)?;
        let subject = tbs.subject();
        Ok(vec![
            (true, &constraints).to_extension(subject, &[])?,
            (true, &usage).to_extension(subject, &[])?,
            (false, &subject_key).to_extension(subject, &[])?,
            (false, &authority_key).to_extension(subject, &[])?,
        ])
    }
}

/// A public key that stands where the builder wants a signer: it names key and algorithm only.
#[derive(Clone)]
struct Named(PublicKey);

impl signature::Keypair for Named {
    type VerifyingKey = Self;

    fn verifying_key(&self) -> Self {
        self.clone()
    }
}

impl EncodePublicKey for Named {
    fn to_public_key_der(&self) -> spki::Result<Document> {
        Ok(Document::from_der(self.0.as_der())?)
    }
}

impl DynSignatureAlgorithmIdentifier for Named {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        Ok(AlgorithmIdentifierOwned { oid: SHA256_WITH_RSA, parameters: Some(Any::null()) })
    }
}
