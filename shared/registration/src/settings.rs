//! What the environment says of our applications.

use graph::Origin;
use keys::KeyId;
use oidc::Cloud;
use store::Feature;
use web::config::{Missing, Variables};

/// What the environment says of our applications.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) key: KeyId,
    pub(crate) cloud: Cloud,
    pub(crate) graph: Origin,
    reader: Option<String>,
    writer: Option<String>,
}

/// Why the environment will not do.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Variables are absent.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// A variable holds something else than it should.
    #[error("{0} does not hold what it should")]
    Value(&'static str),
}

impl Settings {
    /// Reads `CLIENT_ASSERTION_KEY`, `ENTRA_URL`, `GRAPH_URL`, and the ids of the applications that
    /// are registered: `ENTRA_READER`, `ENTRA_WRITER`.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] names what is absent or wrong.
    pub fn read(variables: &Variables) -> Result<Self, SettingsError> {
        let [key, entra, graph] =
            variables.require_all(["CLIENT_ASSERTION_KEY", "ENTRA_URL", "GRAPH_URL"])?;
        let origin = graph.strip_suffix("/v1.0").ok_or(SettingsError::Value("GRAPH_URL"))?;
        Ok(Self {
            key: KeyId::parse(key).map_err(|_| SettingsError::Value("CLIENT_ASSERTION_KEY"))?,
            cloud: Cloud::new(&entra, origin).map_err(|_| SettingsError::Value("ENTRA_URL"))?,
            graph: Origin::parse(&graph).map_err(|_| SettingsError::Value("GRAPH_URL"))?,
            reader: variables.optional("ENTRA_READER"),
            writer: variables.optional("ENTRA_WRITER"),
        })
    }

    /// The application that asks for a feature, where one is registered.
    pub fn client_id(&self, feature: Feature) -> Option<&str> {
        match feature {
            Feature::ReadUsers => self.reader.as_deref(),
            Feature::WriteUsers => self.writer.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_read_whole_or_refused_with_the_names() {
        let good = [
            ("CLIENT_ASSERTION_KEY", "alias/client"),
            ("ENTRA_URL", "https://login.microsoftonline.com"),
            ("GRAPH_URL", "https://graph.microsoft.com/v1.0"),
        ];
        let read = |change: Option<(&str, &str)>| {
            let pairs = good.iter().copied().map(|(name, value)| match change {
                Some((changed, with)) if changed == name => (name, with),
                _ => (name, value),
            });
            let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
            Settings::read(&Variables::read(pairs))
        };

        assert!(read(None).is_ok_and(|settings| settings.client_id(Feature::ReadUsers).is_none()));
        for (name, value) in [
            ("CLIENT_ASSERTION_KEY", ""),
            ("CLIENT_ASSERTION_KEY", "two words"),
            ("ENTRA_URL", "http://login.microsoftonline.com"),
            ("ENTRA_URL", "https://login.microsoftonline.com/common"),
            ("GRAPH_URL", "https://graph.microsoft.com"),
            ("GRAPH_URL", "https://graph.microsoft.com/beta"),
        ] {
            assert!(read(Some((name, value))).is_err(), "{name}={value}");
        }
    }
}
