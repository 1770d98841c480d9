//! Why a message could not be read.

/// Why a message could not be read.
///
/// Says which rule was broken, and never repeats what the sender wrote.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Malformed {
    /// There is no `SAMLRequest` parameter.
    #[error("no SAMLRequest parameter")]
    NoMessage,
    /// A parameter that may occur once occurs twice.
    #[error("parameter {} occurs more than once", .0.name())]
    DuplicateParameter(Parameter),
    /// A `%` is not followed by two hexadecimal digits.
    #[error("percent-encoding is broken")]
    PercentEncoding,
    /// Bytes that have to be UTF-8 are not.
    #[error("not utf-8")]
    NotUtf8,
    /// `SAMLEncoding` names something other than DEFLATE.
    #[error("unknown SAMLEncoding")]
    Encoding,
    /// The message is not base64.
    #[error("message is not base64")]
    Base64,
    /// The message does not inflate, ends early or goes on behind its end.
    #[error("message does not inflate")]
    Deflate,
    /// The message has more than [`MAX_XML`](super::MAX_XML) bytes.
    #[error("message is too large")]
    TooLarge,
    /// RelayState has more than [`MAX_RELAY_STATE`](super::MAX_RELAY_STATE) bytes.
    #[error("relay state is too long")]
    RelayStateTooLong,
    /// The XML is not well-formed, or its namespaces are not.
    #[error("xml is not well-formed")]
    Syntax,
    /// The XML holds a character that XML does not allow.
    #[error("xml holds an illegal character")]
    Character,
    /// The XML declaration asks for something other than version 1.0 in UTF-8.
    #[error("xml declaration is not version 1.0 in utf-8")]
    Declaration,
    /// There is a document type declaration.
    #[error("document type declaration")]
    Doctype,
    /// There is a processing instruction.
    #[error("processing instruction")]
    ProcessingInstruction,
    /// There is a reference to an entity other than the five predefined ones.
    #[error("reference to an entity")]
    Entity,
    /// A prefix is bound to no namespace.
    #[error("unbound prefix")]
    UnboundPrefix,
    /// An element has the same attribute twice.
    #[error("duplicate attribute")]
    DuplicateAttribute,
    /// Two elements have the same ID.
    #[error("duplicate id")]
    DuplicateId,
    /// An element that may occur once occurs twice.
    #[error("duplicate element")]
    DuplicateElement,
    /// Elements nest too deep.
    #[error("elements nest too deep")]
    TooDeep,
    /// An element has too many attributes, or too many namespaces are declared.
    #[error("too many attributes")]
    TooManyAttributes,
    /// Something other than white space and comments follows the document element.
    #[error("content after the document element")]
    TrailingContent,
    /// The document element is neither an `AuthnRequest` nor a `LogoutRequest`.
    #[error("neither an AuthnRequest nor a LogoutRequest")]
    Root,
    /// The schema does not allow an element where it stands.
    #[error("unexpected element")]
    UnexpectedElement,
    /// Text stands where the schema allows only elements.
    #[error("unexpected text")]
    UnexpectedText,
    /// A required element is missing.
    #[error("element {0} is missing")]
    MissingElement(&'static str),
    /// A required attribute is missing.
    #[error("attribute {0} is missing")]
    MissingAttribute(&'static str),
}

/// The parameters that are read; all others are passed over.
///
/// SAML Bindings §3.4.4.1, SAML Bindings §3.5.4.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Parameter {
    /// The message.
    SamlRequest,
    /// The sender's opaque state.
    RelayState,
    /// How the message is encoded in a URL.
    SamlEncoding,
    /// Who is expected to sign in.
    LoginHint,
    /// Who is expected to sign in, in Microsoft's older spelling.
    Username,
}

impl Parameter {
    pub(super) const ALL: [Self; 5] =
        [Self::SamlRequest, Self::RelayState, Self::SamlEncoding, Self::LoginHint, Self::Username];

    /// The parameter's name, compared exactly.
    ///
    /// SAML Bindings §3.4.4.1.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SamlRequest => "SAMLRequest",
            Self::RelayState => "RelayState",
            Self::SamlEncoding => "SAMLEncoding",
            Self::LoginHint => "login_hint",
            Self::Username => "username",
        }
    }
}
