//! Which route of the API a request takes.

use std::collections::BTreeMap;

use http::Method;

use super::event::percent_decoded;
use crate::template::model::Route;

/// All routes, the most specific first.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>
pub(super) struct Routes(Vec<Parsed>);

struct Parsed {
    route: Route,
    /// `routeKey`: `GET /items/{id}`.
    key: String,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Segment {
    Literal(String),
    Variable(String),
    Greedy(String),
}

/// A route that fits, and what its variables are.
pub(super) struct Matched<'r> {
    pub(super) route: &'r Route,
    pub(super) key: &'r str,
    pub(super) parameters: BTreeMap<String, String>,
}

impl Routes {
    pub(super) fn new(routes: &[Route]) -> Self {
        let mut parsed: Vec<Parsed> = routes.iter().cloned().map(Parsed::new).collect();
        // Literals before variables before the rest of the path before `$default`, segment by
        // segment; then a method before ANY.
        parsed.sort_by_key(|one| {
            let kinds: Vec<u8> = one.segments.iter().map(Segment::rank).collect();
            (one.route.path.is_none(), kinds, one.route.method.is_none())
        });
        Self(parsed)
    }

    /// Finds the route of a request; `path` is still percent-encoded.
    pub(super) fn find(&self, method: &Method, path: &str) -> Option<Matched<'_>> {
        self.0.iter().find_map(|one| one.matches(method, path))
    }
}

impl Parsed {
    fn new(route: Route) -> Self {
        let key = match (&route.method, &route.path) {
            (_, None) => "$default".to_owned(),
            (None, Some(path)) => format!("ANY {path}"),
            (Some(method), Some(path)) => format!("{method} {path}"),
        };
        let path = route.path.as_deref().unwrap_or_default();
        let segments = path.split('/').skip(1).map(Segment::parse).collect();
        Self { route, key, segments }
    }

    fn matches(&self, method: &Method, path: &str) -> Option<Matched<'_>> {
        if self.route.method.as_deref().is_some_and(|own| own != method.as_str()) {
            return None;
        }
        let mut parameters = BTreeMap::new();
        if self.route.path.is_some() {
            let mut rest = path.strip_prefix('/');
            for segment in &self.segments {
                let whole = rest?;
                let (first, after) = match whole.split_once('/') {
                    Some((first, after)) => (first, Some(after)),
                    None => (whole, None),
                };
                rest = after;
                match segment {
                    Segment::Literal(literal) if literal == first => {}
                    Segment::Literal(_) => return None,
                    Segment::Variable(_) if first.is_empty() => return None,
                    Segment::Variable(name) => {
                        parameters.insert(name.clone(), percent_decoded(first)?);
                    }
                    Segment::Greedy(name) => {
                        parameters.insert(name.clone(), percent_decoded(whole)?);
                        rest = None;
                    }
                }
            }
            if rest.is_some() {
                return None;
            }
        }
        Some(Matched { route: &self.route, key: &self.key, parameters })
    }
}

impl Segment {
    fn parse(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Greedy(name.to_owned()),
                None => Self::Variable(name.to_owned()),
            },
            None => Self::Literal(text.to_owned()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Variable(_) => 1,
            Self::Greedy(_) => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use super::*;

    fn route(method: Option<&str>, path: Option<&str>) -> Route {
        Route {
            method: method.map(str::to_owned),
            path: path.map(str::to_owned),
            function: "F".to_owned(),
            timeout: Duration::from_secs(30),
        }
    }

    #[test]
    fn the_most_specific_route_wins() {
        let routes = Routes::new(&[
            route(None, None),
            route(None, Some("/{proxy+}")),
            route(Some("GET"), Some("/pets/{id}")),
            route(None, Some("/pets/{id}")),
            route(Some("GET"), Some("/pets/dog")),
            route(Some("GET"), Some("/pets/{id}/{rest+}")),
        ]);
        let cases = [
            ("GET", "/pets/dog", "GET /pets/dog", ""),
            ("GET", "/pets/cat", "GET /pets/{id}", "id=cat"),
            ("POST", "/pets/c%20t", "ANY /pets/{id}", "id=c t"),
            ("GET", "/pets/1/a/b", "GET /pets/{id}/{rest+}", "id=1,rest=a/b"),
            ("POST", "/pets/1/a/b", "ANY /{proxy+}", "proxy=pets/1/a/b"),
            ("GET", "/pets", "ANY /{proxy+}", "proxy=pets"),
        ];
        for (method, path, key, parameters) in cases {
            let method = Method::from_bytes(method.as_bytes()).unwrap();

            let matched = routes.find(&method, path).unwrap();

            let found: Vec<String> =
                matched.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!((matched.key, found.join(",").as_str()), (key, parameters), "{path}");
        }
    }

    #[test]
    fn without_a_default_route_other_paths_are_not_found() {
        let routes = Routes::new(&[route(Some("GET"), Some("/pets/{id}"))]);

        for path in ["/", "/pets", "/pets/", "/pets/1/", "/pets/1/2", "/Pets/1"] {
            assert!(routes.find(&Method::GET, path).is_none(), "{path}");
        }
        assert!(routes.find(&Method::POST, "/pets/1").is_none());
    }
}
