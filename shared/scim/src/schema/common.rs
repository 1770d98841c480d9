//! Attributes that every resource has, RFC 7643 §3.1. No schema document names them.

use super::Attribute;

/// `schemas`, `id`, `externalId` and `meta`.
pub(crate) static COMMON: [Attribute; 4] = [
    Attribute::reference("schemas", "the schemas of the resource", &["uri"])
        .multiple()
        .read_only()
        .always(),
    Attribute::text("id", "the server's identifier").exact().read_only().always().unique(),
    Attribute::text("externalId", "the client's identifier").exact().unique(),
    Attribute::complex("meta", "about the resource", &META).read_only(),
];

const META: [Attribute; 5] = [
    Attribute::text("resourceType", "the kind of resource").exact().read_only(),
    Attribute::date_time("created", "when it was made").read_only(),
    Attribute::date_time("lastModified", "when it was last changed").read_only(),
    Attribute::reference("location", "its URL", &["uri"]).read_only(),
    Attribute::text("version", "its entity tag").exact().read_only(),
];
