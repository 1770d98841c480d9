//! The certificates of our client key: made at their first use, renewed in time, kept in the table.

use entra::{ClientCertificates, SUBJECT};
use jiff::Timestamp;
use keys::{CertificateSubject, KeyId, KmsKeys};
use store::{Store, Stored, TableError};

use crate::RegistrationError;

/// The certificates that the applications' registrations should hold, the next one of a key.
///
/// # Errors
///
/// [`RegistrationError`] when the table fails, or KMS where there is none yet.
pub async fn certificates(
    store: &Store,
    (kms, key): (&KmsKeys, &KeyId),
    at_risk: fn(Timestamp),
    now: Timestamp,
) -> Result<ClientCertificates, RegistrationError> {
    let subject = CertificateSubject::parse(SUBJECT)?;
    let stored: Option<Stored<ClientCertificates>> = store.client_certificates(now).await?;
    let (made, expected) = match &stored {
        None => (Some(ClientCertificates::first(kms, key, &subject, now).await?), None),
        Some(stored) => {
            let renewed = stored.value.renewed(kms, key, &subject, now).await;
            // Those that are there hold: the next look tries again.
            let renewed = renewed.unwrap_or_else(|error| {
                tracing::error!(error = &error as &dyn std::error::Error, "no certificate is made");
                at_risk(now);
                None
            });
            (renewed, Some(stored.version))
        }
    };
    let Some(made) = made else {
        return stored.map(|stored| stored.value).ok_or(RegistrationError::Changed);
    };
    match store.keep_client_certificates(&made, expected).await {
        Ok(()) => Ok(made),
        // Somebody else made them at the same time: theirs are the ones that stay.
        Err(TableError::Conflict { .. }) => {
            let stored: Option<Stored<ClientCertificates>> = store.client_certificates(now).await?;
            stored.map(|stored| stored.value).ok_or(RegistrationError::Changed)
        }
        Err(error) => Err(error.into()),
    }
}
