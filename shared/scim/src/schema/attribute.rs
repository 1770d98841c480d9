//! One attribute and its characteristics, RFC 7643 §7.

use std::fmt;

/// The type of a value, RFC 7643 §2.3.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Text.
    String,
    /// Yes or no.
    Boolean,
    /// A number with a fraction.
    Decimal,
    /// A number without one.
    Integer,
    /// An instant, RFC 3339.
    DateTime,
    /// A URI.
    Reference,
    /// Bytes in base64.
    Binary,
    /// A set of sub-attributes.
    Complex,
}

impl Kind {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Decimal => "decimal",
            Self::Integer => "integer",
            Self::DateTime => "dateTime",
            Self::Reference => "reference",
            Self::Binary => "binary",
            Self::Complex => "complex",
        }
    }
}

/// Who may change an attribute and when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mutability {
    /// Only the server.
    ReadOnly,
    /// The client, at any time.
    ReadWrite,
    /// The client, while it has no value.
    Immutable,
    /// The client, who never reads it.
    WriteOnly,
}

impl Mutability {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
            Self::Immutable => "immutable",
            Self::WriteOnly => "writeOnly",
        }
    }
}

/// When an attribute is part of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Returned {
    /// Whatever was asked for.
    Always,
    /// Whatever was asked for, it is not.
    Never,
    /// Unless other attributes were asked for, or this was excluded.
    Default,
    /// Only if asked for.
    Request,
}

impl Returned {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::Default => "default",
            Self::Request => "request",
        }
    }
}

/// Where a value may occur only once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Uniqueness {
    /// Nowhere.
    None,
    /// In one organization.
    Server,
    /// Everywhere.
    Global,
}

impl Uniqueness {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Server => "server",
            Self::Global => "global",
        }
    }
}

/// One or many values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Plurality {
    Single,
    Multiple,
}

/// An attribute as a schema defines it.
pub struct Attribute {
    /// The canonical spelling.
    pub name: &'static str,
    /// What it means.
    pub description: &'static str,
    /// The type of its values.
    pub kind: Kind,
    plurality: Plurality,
    presence: Presence,
    case: Case,
    /// Who may change it and when.
    pub mutability: Mutability,
    /// When it is part of an answer.
    pub returned: Returned,
    /// Where a value may occur only once.
    pub uniqueness: Uniqueness,
    /// Usual values; others are fine.
    pub canonical_values: &'static [&'static str],
    /// What a reference may point at.
    pub reference_types: &'static [&'static str],
    /// What a complex value consists of.
    pub sub_attributes: &'static [Self],
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Presence {
    Optional,
    Required,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Case {
    Folded,
    Exact,
}

/// Its name.
impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Attribute {
    /// An optional text, compared without regard to case, that clients read and write.
    pub(crate) const fn text(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            description,
            kind: Kind::String,
            plurality: Plurality::Single,
            presence: Presence::Optional,
            case: Case::Folded,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: &[],
            reference_types: &[],
            sub_attributes: &[],
        }
    }

    pub(crate) const fn boolean(name: &'static str, description: &'static str) -> Self {
        Self { kind: Kind::Boolean, ..Self::text(name, description) }
    }

    pub(crate) const fn date_time(name: &'static str, description: &'static str) -> Self {
        Self { kind: Kind::DateTime, ..Self::text(name, description) }
    }

    pub(crate) const fn binary(name: &'static str, description: &'static str) -> Self {
        Self { kind: Kind::Binary, case: Case::Exact, ..Self::text(name, description) }
    }

    pub(crate) const fn reference(
        name: &'static str,
        description: &'static str,
        reference_types: &'static [&'static str],
    ) -> Self {
        let text = Self::text(name, description);
        Self { kind: Kind::Reference, case: Case::Exact, reference_types, ..text }
    }

    pub(crate) const fn complex(
        name: &'static str,
        description: &'static str,
        sub_attributes: &'static [Self],
    ) -> Self {
        Self { kind: Kind::Complex, sub_attributes, ..Self::text(name, description) }
    }

    pub(crate) const fn multiple(self) -> Self {
        Self { plurality: Plurality::Multiple, ..self }
    }

    pub(crate) const fn required(self) -> Self {
        Self { presence: Presence::Required, ..self }
    }

    pub(crate) const fn exact(self) -> Self {
        Self { case: Case::Exact, ..self }
    }

    pub(crate) const fn read_only(self) -> Self {
        Self { mutability: Mutability::ReadOnly, ..self }
    }

    pub(crate) const fn immutable(self) -> Self {
        Self { mutability: Mutability::Immutable, ..self }
    }

    pub(crate) const fn always(self) -> Self {
        Self { returned: Returned::Always, ..self }
    }

    pub(crate) const fn requested(self) -> Self {
        Self { returned: Returned::Request, ..self }
    }

    pub(crate) const fn unique(self) -> Self {
        Self { uniqueness: Uniqueness::Server, ..self }
    }

    pub(crate) const fn usually(self, canonical_values: &'static [&'static str]) -> Self {
        Self { canonical_values, ..self }
    }

    /// Whether it has many values.
    pub const fn is_multi_valued(&self) -> bool {
        matches!(self.plurality, Plurality::Multiple)
    }

    /// Whether every resource has it.
    pub const fn is_required(&self) -> bool {
        matches!(self.presence, Presence::Required)
    }

    /// Whether its texts are compared letter by letter, RFC 7643 §2.2.
    pub const fn is_case_exact(&self) -> bool {
        matches!(self.case, Case::Exact)
    }

    /// Whether only the server writes it.
    pub const fn is_read_only(&self) -> bool {
        matches!(self.mutability, Mutability::ReadOnly)
    }

    /// Whether this is its name, in any case, RFC 7643 §2.1.
    pub fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// A sub-attribute by its name, in any case.
    pub fn sub_attribute(&self, name: &str) -> Option<&'static Self> {
        self.sub_attributes.iter().find(|sub| sub.is_named(name))
    }
}
