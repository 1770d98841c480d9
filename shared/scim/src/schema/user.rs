//! The core user, RFC 7643 §4.1, without `password`: there are none here.

use super::{Attribute, Schema, USER_URN};

pub(crate) static SCHEMA: Schema = Schema {
    id: USER_URN,
    name: "User",
    description: "somebody who can sign in",
    attributes: &ATTRIBUTES,
};

static ATTRIBUTES: [Attribute; 20] = [
    Attribute::text("userName", "the name to sign in with, unique in the organization")
        .required()
        .unique(),
    Attribute::complex("name", "the parts of the name", &NAME),
    Attribute::text("displayName", "the name to show"),
    Attribute::text("nickName", "how the user is called"),
    Attribute::reference("profileUrl", "the user's page", &["external"]),
    Attribute::text("title", "the job title"),
    Attribute::text("userType", "how the user relates to the organization"),
    Attribute::text("preferredLanguage", "the language to speak, RFC 5646"),
    Attribute::text("locale", "how to write dates and numbers"),
    Attribute::text("timezone", "the time zone by its IANA name"),
    Attribute::boolean("active", "whether the user may sign in"),
    Attribute::complex("emails", "e-mail addresses", &EMAILS).multiple(),
    Attribute::complex("phoneNumbers", "telephone numbers", &PHONE_NUMBERS).multiple(),
    Attribute::complex("ims", "addresses for instant messages", &IMS).multiple(),
    Attribute::complex("photos", "pictures", &PHOTOS).multiple(),
    Attribute::complex("addresses", "postal addresses", &ADDRESSES).multiple(),
    // Where RFC 7643 §8.7.1 has `default`, only if asked for: finding them takes reads of their own
    // for each user, and Entra, which reads users all the time, never looks at them.
    Attribute::complex("groups", "the groups the user is in; only if asked for", &GROUPS)
        .multiple()
        .read_only()
        .requested(),
    Attribute::complex("entitlements", "what the user is entitled to", &PLAIN).multiple(),
    Attribute::complex("roles", "the user's roles", &PLAIN).multiple(),
    Attribute::complex("x509Certificates", "certificates in DER", &CERTIFICATES).multiple(),
];

static NAME: [Attribute; 6] = [
    Attribute::text("formatted", "the whole name"),
    Attribute::text("familyName", "the family name"),
    Attribute::text("givenName", "the given name"),
    Attribute::text("middleName", "the middle names"),
    Attribute::text("honorificPrefix", "what stands before the name"),
    Attribute::text("honorificSuffix", "what stands after the name"),
];

const DISPLAY: Attribute = Attribute::text("display", "the value as it is shown");
const TYPE: Attribute = Attribute::text("type", "what the value is for");
const PRIMARY: Attribute = Attribute::boolean("primary", "whether this is the preferred value");

static EMAILS: [Attribute; 4] = [
    Attribute::text("value", "the address"),
    DISPLAY,
    TYPE.usually(&["work", "home", "other"]),
    PRIMARY,
];

static PHONE_NUMBERS: [Attribute; 4] = [
    Attribute::text("value", "the number"),
    DISPLAY,
    TYPE.usually(&["work", "home", "mobile", "fax", "pager", "other"]),
    PRIMARY,
];

static IMS: [Attribute; 4] = [
    Attribute::text("value", "the address"),
    DISPLAY,
    TYPE.usually(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]),
    PRIMARY,
];

static PHOTOS: [Attribute; 4] = [
    Attribute::reference("value", "the URL", &["external"]),
    DISPLAY,
    TYPE.usually(&["photo", "thumbnail"]),
    PRIMARY,
];

static ADDRESSES: [Attribute; 8] = [
    Attribute::text("formatted", "the whole address"),
    Attribute::text("streetAddress", "street and number"),
    Attribute::text("locality", "the city"),
    Attribute::text("region", "the state"),
    Attribute::text("postalCode", "the postal code"),
    Attribute::text("country", "the country"),
    TYPE.usually(&["work", "home", "other"]),
    PRIMARY,
];

static GROUPS: [Attribute; 4] = [
    Attribute::text("value", "the id of the group").exact().read_only(),
    Attribute::reference("$ref", "the URL of the group", &["Group"]).read_only(),
    Attribute::text("display", "the name of the group").read_only(),
    Attribute::text("type", "how the user is in it").read_only().usually(&["direct"]),
];

static PLAIN: [Attribute; 4] = [Attribute::text("value", "the value"), DISPLAY, TYPE, PRIMARY];

static CERTIFICATES: [Attribute; 4] =
    [Attribute::binary("value", "the certificate, DER in base64"), DISPLAY, TYPE, PRIMARY];
