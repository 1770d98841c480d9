//! `/users/{id}/transitiveMemberOf`: the groups and directory roles of a user.

use std::collections::BTreeSet;

use serde_json::json;

use super::answer::Answer;
use super::request::Request;
use super::users;
use crate::app::App;

/// Who may read what users are members of.
const READ: [&str; 5] = [
    "User.Read.All",
    "GroupMember.Read.All",
    "Group.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

/// `GET`: of each thing its type and its id, which is all that `User.Read.All` shows of it.
pub(crate) fn list(app: &App, request: &Request, id: &str) -> Result<Answer, Answer> {
    request.needs(&READ)?;
    request.query.only(&["$select", "$top"])?;
    request.query.top()?;
    let (user, groups) = {
        let directory = app.directory();
        let user = users::find(&directory, id)?.id.clone();
        let mut groups = BTreeSet::new();
        let mut members = vec![user.clone()];
        while let Some(member) = members.pop() {
            for group in directory.groups.values() {
                if group.members.contains(&member) && groups.insert(group.id.clone()) {
                    members.push(group.id.clone());
                }
            }
        }
        (user, groups)
    };
    let oauth = app.oauth();
    let holders = groups.iter().chain([&user]);
    let roles: BTreeSet<_> =
        holders.filter_map(|holder| oauth.known.roles.get(holder)).flatten().collect();
    let told = |kind: &str, id: &String| json!({ "@odata.type": format!("#microsoft.graph.{kind}"), "id": id });
    let groups = groups.iter().map(|id| told("group", id));
    let value: Vec<_> =
        groups.chain(roles.into_iter().map(|id| told("directoryRole", id))).collect();
    let context = format!("{}/$metadata#directoryObjects(id)", app.graph_url());
    Ok(Answer::ok(json!({ "@odata.context": context, "value": value })))
}

/// Whether somebody holds a directory role by themselves.
pub(crate) fn holds_role(app: &App, user: &str) -> bool {
    app.oauth().known.roles.get(user).is_some_and(|roles| !roles.is_empty())
}
