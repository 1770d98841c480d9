//! Why an action was not carried out, in words for the operator.

use identity::{DomainName, NotALastDay};
use keys::ring::RingError;
use keys::{CertificateError, SubjectError, ValidityError};
use lambda_runtime::Diagnostic;
use store::{Deployment, TableError};
use web::failure::RequestId;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why an action was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The payload is no action that we know, or lacks something.
    #[error("the payload is not an action that this function knows")]
    Unreadable(#[source] serde_json::Error),
    /// The name is empty, too long, or more than text.
    #[error("`organization` must be a name of 1 to 64 characters, without control characters")]
    NotAName,
    /// The domain is none, or deeper than any that people use.
    #[error("`domain` must be a domain name such as contoso.com, of at most ten labels")]
    NotADomain,
    /// The address is none.
    #[error("`email` must be an address such as ada@contoso.com")]
    NotAnAddress,
    /// The base URL is fixed and differs.
    #[error("the deployment's base URL was fixed at its first bootstrap and differs now")]
    OtherDeployment(Deployment),
    /// A domain above it has an organization.
    #[error(
        "Entra sends the sign-ins of a subdomain where those of its parent go, and the parent has \
         an organization: provision its people there"
    )]
    Subdomain(DomainName),
    /// The organization exists, and the address is not one of its administrators.
    #[error("the domain has an organization, and the address is none of its administrators")]
    NotAnAdministrator,
    /// The key's name is empty, too long, or more than text.
    #[error("`name` must be 1 to 64 characters, without control characters")]
    NotAKeyName,
    /// The key's life is too short or too long.
    #[error("`expires_days` must be 1 to 3650")]
    NotAnExpiry,
    /// The key's id is none.
    #[error("`key_id` must be the id of a key as list_scim_keys shows it")]
    NotAKeyId,
    /// The interval is too short or too long.
    #[error("`minutes` must be 5 to 1440")]
    NotAnInterval,
    /// The limit makes no sense.
    #[error("`users` must be 0 to 100000, and `percent` 0 to 100")]
    NotAMissingLimit,
    /// No list waits for a decision.
    #[error("no list of missing users waits for a decision")]
    NothingHeld,
    /// Another list does.
    #[error("another search has begun since: list_missing shows what it misses")]
    OtherSearch,
    /// The list is another one than somebody saw.
    #[error("`missing` must be how many are missing, as list_missing counts them")]
    OtherCount,
    /// The organization has as many keys as it may have.
    #[error("the organization has twenty keys: revoke one first")]
    TooManyKeys,
    /// The directory's name is empty, too long, more than text, or another one's.
    #[error(
        "`name` must be 1 to 64 characters, without control characters, and no other directory's"
    )]
    NotADirectoryName,
    /// The organization has as many directories as it may have.
    #[error("the organization has twenty directories")]
    TooManyDirectories,
    /// The organization has no such directory.
    #[error("`directory_id` must be the id of a directory as list_directories shows it")]
    NoDirectory,
    /// Nobody could sign in with Microsoft.
    #[error("connect the organization's Entra tenant first: nobody could sign in with Microsoft")]
    NotConnected,
    /// The user signs in with Microsoft.
    #[error("the user's directory signs in with Microsoft: there is no passkey to enrol")]
    MicrosoftAccount,
    /// Administrators stay in the organization's own directory.
    #[error(
        "administrators stay in the organization's own directory: a passkey lets them in again"
    )]
    AdministratorMoved,
    /// It is no day.
    #[error("`last_day` must be a day, as 2026-12-31")]
    NotADay,
    /// A day without its place, or a place alone.
    #[error("`last_day` and `time_zone` go together; without both, the user stays")]
    HalfADay,
    /// The day makes no sense there.
    #[error(transparent)]
    LastDay(#[from] NotALastDay),
    /// The organization has no such key.
    #[error("the organization has no such key")]
    NoKey,
    /// The domain has no organization.
    #[error("no organization has this domain: bootstrap it first")]
    NoOrganization,
    /// The user does not exist.
    #[error("the organization has no such user")]
    NoUser,
    /// The user is an administrator.
    #[error(
        "the user is an administrator: bootstrap with the same organization and domain lets them in"
    )]
    Administrator,
    /// The user's access is blocked.
    #[error("the user's access is blocked: nobody enrols who may not sign in")]
    Blocked,
    /// The organization's users come from on-premises.
    #[error(
        "the organization's users are made on-premises and read from Entra (mode hybrid): make them \
         there, or see what set_mode would change"
    )]
    Hybrid,
    /// The user name is none that Entra takes, or lies outside the domain.
    #[error(
        "`user_name` must be a user principal name in the domain, such as ada@contoso.com: letters \
         and digits without accents, and '.-_!#^~"
    )]
    NotAPrincipalName,
    /// A part of the person's name is empty, too long, or more than text.
    #[error("`given_name` and `surname` must be 1 to 64 characters, without control characters")]
    NotAPersonsName,
    /// The personal address is none, or the work address.
    #[error("`personal_email` must be an address such as ada@example.org, and not the user name")]
    NotAPersonalAddress,
    /// The phone number is none.
    #[error("`phone` must be + and 7 to 15 digits, such as +49 171 1234567")]
    NotAPhone,
    /// The country is none.
    #[error("`usage_location` must be the two letters of a country, such as DE")]
    NotACountry,
    /// The licences are too many, or have nowhere to be used.
    #[error("`licences` must be at most 20 ids of SKUs, and need a `usage_location`")]
    NotLicences,
    /// Somebody has the user name.
    #[error("somebody has this user name already")]
    NameTaken,
    /// The page's token is none.
    #[error("`next` must be what the last page answered")]
    NotAPlace,
    /// The user is in Entra, as far as we know.
    #[error("the user does not wait to be in Entra")]
    NotPending,
    /// Nothing has to be decided.
    #[error("nobody has to decide about the user: it is under way")]
    NotInConflict,
    /// Another object is offered.
    #[error("another object stands against it: list_pending says which")]
    OtherObject,
    /// The object is another user here.
    #[error("the object is another user of the organization")]
    ObjectTaken,
    /// Somebody enrolled as the user.
    #[error(
        "somebody enrolled as the user, of whom nobody knows whether the account in Entra is theirs: \
         rename or delete that account, then push_user makes their own"
    )]
    EnrolledUnknown,
    /// No tenant is connected.
    #[error("connect the organization's Entra tenant first")]
    NoTenant,
    /// It was begun in another tenant.
    #[error("it was begun in another tenant: push_user begins anew in this one")]
    OtherTenant,
    /// A repair of the user is not over.
    #[error("a repair of the user is under way: list_repairs says how far it has come")]
    RepairUnderWay,
    /// No repair of the user is under way.
    #[error("no repair of `user` is under way: list_repairs says of whom one is")]
    NoRepair,
    /// The user is no object of the tenant, as far as we know.
    #[error("the user is not known to be in Entra: let the tenant be read first, or link_user")]
    NotInEntra,
    /// The user is mastered on-premises.
    #[error("the user is synced from on-premises: their anchor is set there, and never by us")]
    Synced,
    /// The user has no access.
    #[error("the user's access is blocked: nothing of theirs is changed in Entra")]
    NoAccess,
    /// The user has an anchor that can be asserted.
    #[error("the user has an anchor that can be asserted: there is nothing to repair")]
    HasAnchor,
    /// Users may not be changed in the tenant.
    #[error("the tenant does not let users be changed: give the second consent at /oauth/connect")]
    NoWriteConsent,
    /// The tenant has the user's domain as a managed one.
    #[error(
        "the user's domain is not federated in the tenant, as it was checked last: the anchor is \
         written by itself, or check the connection at /oauth/connect"
    )]
    NotFederated,
    /// There is nowhere to go meanwhile.
    #[error("the tenant has no verified domain that is managed, as it was checked last")]
    NoManagedDomain,
    /// Somebody else has the anchor that the user would get.
    #[error("another user here has the anchor that this one would get")]
    AnchorTaken,
    /// What would be done is not what was shown.
    #[error("`confirm` is not the plan as it is now: ask for the plan again, and look at it")]
    OtherPlan,
    /// Somebody else changed it at the same time.
    #[error("somebody else changed it at the same time: try again")]
    Changed,
    /// A variable of the function is not what it should be.
    #[error("the function's variable {0} is not set right")]
    Misconfigured(&'static str, #[source] Cause),
    /// KMS did not make the certificate.
    #[error("the key service did not sign the certificate: try again")]
    Certificate(#[from] CertificateError),
    /// The certificate's facts are not right.
    #[error("the certificate could not be made")]
    Shape(#[source] Cause),
    /// The table failed.
    #[error("the table is unavailable: try again")]
    Table(#[source] TableError),
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Conflict { .. } => Self::Changed,
            other @ (TableError::Shape(_) | TableError::Unavailable(_)) => Self::Table(other),
        }
    }
}

impl From<SubjectError> for Failure {
    fn from(error: SubjectError) -> Self {
        Self::Shape(error.into())
    }
}

impl From<ValidityError> for Failure {
    fn from(error: ValidityError) -> Self {
        Self::Shape(error.into())
    }
}

impl From<RingError> for Failure {
    fn from(error: RingError) -> Self {
        Self::Shape(error.into())
    }
}

impl Failure {
    /// What the operator is told. Exhaustive on purpose: a new variant must choose its kind.
    pub(crate) fn answer(&self, request_id: &RequestId) -> Diagnostic {
        let (kind, detail) = match self {
            Self::Unreadable(error) => ("BadRequest", Some(error.to_string())),
            Self::NotAName
            | Self::NotADomain
            | Self::NotAnAddress
            | Self::NotAKeyName
            | Self::NotAnExpiry
            | Self::NotAnInterval
            | Self::NotAMissingLimit
            | Self::NotADay
            | Self::HalfADay
            | Self::LastDay(_)
            | Self::NotAKeyId
            | Self::NotADirectoryName
            | Self::NotAPrincipalName
            | Self::NotAPersonsName
            | Self::NotAPersonalAddress
            | Self::NotAPhone
            | Self::NotACountry
            | Self::NotLicences
            | Self::NotAPlace => ("BadRequest", None),
            Self::OtherDeployment(fixed) => ("Conflict", Some(fixed.base_url.clone())),
            Self::Subdomain(parent) => ("Refused", Some(parent.to_string())),
            Self::NotAnAdministrator
            | Self::Administrator
            | Self::AdministratorMoved
            | Self::Blocked
            | Self::MicrosoftAccount
            | Self::NotConnected
            | Self::TooManyKeys
            | Self::TooManyDirectories
            | Self::Hybrid
            | Self::NotPending
            | Self::NotInConflict
            | Self::NothingHeld
            | Self::OtherSearch
            | Self::OtherCount
            | Self::OtherObject
            | Self::ObjectTaken
            | Self::EnrolledUnknown
            | Self::NoTenant
            | Self::OtherTenant
            | Self::RepairUnderWay
            | Self::NotInEntra
            | Self::Synced
            | Self::NoAccess
            | Self::HasAnchor
            | Self::NoWriteConsent
            | Self::NotFederated
            | Self::NoManagedDomain
            | Self::AnchorTaken => ("Refused", None),
            Self::NoOrganization
            | Self::NoUser
            | Self::NoKey
            | Self::NoDirectory
            | Self::NoRepair => ("NotFound", None),
            Self::Changed | Self::NameTaken | Self::OtherPlan => ("Conflict", None),
            Self::Misconfigured(..) | Self::Certificate(_) | Self::Shape(_) | Self::Table(_) => {
                web::failure::log(self, request_id);
                ("Unavailable", None)
            }
        };
        let error_message = match detail {
            Some(detail) => format!("{self}: {detail}"),
            None => self.to_string(),
        };
        Diagnostic { error_type: kind.to_owned(), error_message }
    }
}
