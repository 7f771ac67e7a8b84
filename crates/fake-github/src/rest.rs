//! The REST API: which route is answered by what, and who may call it.
//!
//! A route that is not listed here is answered 501 and written down, never guessed.

use std::collections::HashMap;

use axum::http::request::Parts;
use bytes::Bytes;

use crate::auth::{AppKey, Level, Token};
use crate::reply::Reply;
use crate::repo::Repo;
use crate::server::{Shared, lock};
use crate::world::World;

mod activity;
mod apps;
mod automation;
mod checks;
mod commit_pulls;
mod compare;
mod deployments;
mod grants;
mod hooks;
mod issues;
mod refs;
mod releases;
pub(crate) mod repos;
mod runs;
pub(crate) mod safeguards;

/// <https://docs.github.com/en/rest/about-the-rest-api/api-versions>
const API_VERSIONS: [&str; 2] = ["2022-11-28", "2026-03-10"];

/// An answer, or the refusal that takes its place.
pub(crate) type Answer = Result<Reply, Reply>;

/// One request, taken apart.
pub(crate) struct Asked<'a> {
    shared: &'a Shared,
    head: &'a Parts,
    body: &'a Bytes,
    path: &'a str,
    query: HashMap<String, String>,
}

pub(crate) async fn serve(shared: &Shared, head: &Parts, body: &Bytes) -> Reply {
    let path = head.uri.path();
    let path = path.strip_prefix("/api/v3").unwrap_or(path);
    let asked = Asked { shared, head, body, path, query: query(head.uri.query().unwrap_or_default()) };
    let reply = asked.route().await.unwrap_or_else(|refusal| refusal);
    let mut world = shared.world();
    world.spent.0 += 1;
    let (spent, reset) = (world.spent.0, hour_ends(&world));
    // A rate limit's own headers stay.
    if reply.headers.iter().any(|(name, _)| *name == "x-ratelimit-limit") {
        return reply;
    }
    reply.budget("core", spent, reset)
}

/// When the hourly budget is full again, in epoch seconds.
pub(crate) fn hour_ends(world: &World) -> i64 {
    world.clock.wall() / 3600 * 3600 + 3600
}

fn query(text: &str) -> HashMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), decoded(value))).collect()
}

/// Undoes percent-encoding.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits: Vec<u8> = rest.by_ref().take(2).collect();
        bytes.extend(hex::decode(digits).unwrap_or_default());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl<'a> Asked<'a> {
    async fn route(&self) -> Answer {
        if !self.head.headers.contains_key("user-agent") {
            let message = "Request forbidden by administrative rules. Please make sure your request has a \
                           User-Agent header";
            return Err(Reply::message(403, message));
        }
        let version = self.head.headers.get("x-github-api-version");
        if version.is_some_and(|asked| !API_VERSIONS.iter().any(|known| asked == known)) {
            return Err(Reply::message(400, "The API version you requested is not supported."));
        }
        let segments: Vec<String> = self.path.trim_matches('/').split('/').map(decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        if let Some(answer) = self.git_route(&segments).await {
            return answer;
        }
        match (self.head.method.as_str(), segments.as_slice()) {
            ("GET", ["rate_limit"]) => apps::rate_limit(self),
            ("GET", ["app"]) => apps::app(self),
            ("GET", ["app", "installations"]) => apps::installations(self),
            ("GET", ["app", "installations", id]) => apps::installation(self, id),
            ("POST", ["app", "installations", id, "access_tokens"]) => apps::create_token(self, id),
            ("GET", ["app", "hook", "config"]) => hooks::config(self),
            ("GET", ["app", "hook", "deliveries"]) => hooks::list(self),
            ("GET", ["app", "hook", "deliveries", id]) => hooks::read(self, id),
            ("POST", ["app", "hook", "deliveries", id, "attempts"]) => hooks::attempt(self, id),
            ("GET", ["installation", "repositories"]) => safeguards::repositories(self),
            ("GET", ["user", id]) => repos::user_by_id(self, id),
            ("GET", ["repositories", id]) => repos::by_id(self, id),
            ("GET", ["repos", owner, name]) => repos::read(self, owner, name),
            ("GET", ["repos", owner, name, "branches"]) => safeguards::branches(self, owner, name),
            ("GET", ["repos", owner, name, "branches", branch, "protection"]) => {
                safeguards::classic(self, owner, name, branch)
            }
            ("GET", ["repos", owner, name, "rules", "branches", branch]) => {
                safeguards::rules(self, owner, name, branch)
            }
            ("GET", ["repos", owner, name, "rulesets", id]) => safeguards::ruleset(self, owner, name, id),
            ("GET", ["repos", owner, name, "keys"]) => safeguards::deploy_keys(self, owner, name),
            ("GET", ["repos", owner, name, "environments"]) => safeguards::environments(self, owner, name),
            ("GET", ["repos", owner, name, "actions", "permissions", "fork-pr-contributor-approval"]) => {
                safeguards::fork_approval(self, owner, name)
            }
            ("GET", ["repos", owner, name, "activity"]) => activity::list(self, owner, name),
            ("GET", ["repos", owner, name, "installation"]) => apps::repo_installation(self, owner, name),
            ("GET", ["repos", owner, name, "pulls", number]) => repos::pull(self, owner, name, number),
            ("GET", ["repos", owner, name, "collaborators"]) => grants::collaborators(self, owner, name),
            ("GET", ["repos", owner, name, "teams"]) => grants::teams(self, owner, name),
            ("GET", ["repos", owner, name, "collaborators", user, "permission"]) => {
                repos::permission(self, owner, name, user)
            }
            ("GET", ["orgs", org, "members"]) => repos::org_members(self, org),
            ("GET", ["orgs", org, "teams", slug, "members"]) => repos::team_members(self, org, slug),
            ("POST", ["repos", owner, name, "check-runs"]) => checks::create(self, owner, name),
            ("GET", ["repos", owner, name, "check-runs", id]) => checks::read(self, owner, name, id),
            ("PATCH", ["repos", owner, name, "check-runs", id]) => checks::update(self, owner, name, id),
            ("GET", ["repos", owner, name, "check-runs", id, "annotations"]) => {
                checks::annotations(self, owner, name, id)
            }
            ("GET", ["repos", owner, name, "commits", sha, "check-runs"]) => {
                checks::list(self, owner, name, sha)
            }
            ("GET", ["repos", owner, name, "commits", sha, "pulls"]) => {
                commit_pulls::list(self, owner, name, sha)
            }
            ("GET", ["repos", owner, name, "commits", sha, "comments"]) => {
                issues::commit_comments(self, owner, name, sha)
            }
            ("GET", ["repos", owner, name, "issues"]) => issues::list(self, owner, name),
            ("POST", ["repos", owner, name, "issues"]) => issues::create(self, owner, name),
            ("GET", ["repos", owner, name, "issues", number]) => issues::read(self, owner, name, number),
            ("PATCH", ["repos", owner, name, "issues", number]) => issues::update(self, owner, name, number),
            ("GET", ["repos", owner, name, "issues", "comments", id]) => {
                issues::one_comment(self, owner, name, id)
            }
            ("GET", ["repos", owner, name, "issues", number, "comments"]) => {
                issues::comments(self, owner, name, number)
            }
            ("POST", ["repos", owner, name, "issues", number, "comments"]) => {
                issues::comment(self, owner, name, number)
            }
            (_, segments) => automation::route(self, segments).unwrap_or_else(|| Err(self.unknown())),
        }
    }

    /// Routes over refs and commits of a repository. The name of a ref has slashes of its own.
    async fn git_route(&self, segments: &[&str]) -> Option<Answer> {
        Some(match (self.head.method.as_str(), segments) {
            ("GET", ["repos", o, n, "git", "matching-refs", below @ ..]) => {
                refs::matching(self, (o, n), below)
            }
            ("GET", ["repos", o, n, "git", "ref", below @ ..]) => refs::read(self, (o, n), below),
            ("POST", ["repos", o, n, "git", "refs"]) => refs::create(self, (o, n)).await,
            ("PATCH", ["repos", o, n, "git", "refs", below @ ..]) => refs::patch(self, (o, n), below).await,
            ("DELETE", ["repos", o, n, "git", "refs", below @ ..]) => refs::delete(self, (o, n), below).await,
            ("POST", ["repos", o, n, "pulls"]) => refs::open_pull(self, (o, n)).await,
            ("GET", ["repos", o, n, "compare", ends @ ..]) => {
                compare::compare(self, (o, n), &ends.join("/")).await
            }
            _ => return None,
        })
    }

    fn unknown(&self) -> Reply {
        let route = format!("{} {}", self.head.method, self.path);
        lock(&self.shared.log).unknown.push(route.clone());
        Reply::message(501, &format!("the fake forge does not know `{route}`"))
    }

    fn credential(&self) -> Option<&str> {
        credential(self.head)
    }

    /// Lets only the App itself pass.
    fn as_app(&self, world: &World) -> Result<(), Reply> {
        let jwt =
            self.credential().ok_or_else(|| Reply::message(401, "A JSON web token could not be decoded"))?;
        let key = AppKey::of_this_process().map_err(|error| Reply::message(500, &error.to_string()))?;
        let verdict = key.verify(jwt, world.app.id, world.clock.wall());
        verdict.map_err(|problem| Reply::message(401, problem))
    }

    fn token(&self, world: &World) -> Result<Token, Reply> {
        token(world, self.head)
    }

    /// Finds the repository for a token with this permission. What the token does not cover is not found.
    fn repo<'w>(
        &self,
        world: &'w World,
        name: (&str, &str),
        permission: &str,
        level: Level,
    ) -> Result<&'w Repo, Reply> {
        let token = self.token(world)?;
        let repo = world.repo(&format!("{}/{}", name.0, name.1)).map_err(|_| Reply::not_found())?;
        if !repo.is_installed() || !token.covers(repo.id) {
            return Err(Reply::not_found());
        }
        if !token.allows(permission, level) {
            return Err(Reply::forbidden());
        }
        Ok(repo)
    }

    fn number(&self, text: &str) -> Result<u64, Reply> {
        text.parse().map_err(|_| Reply::not_found())
    }

    fn body<T: serde::de::DeserializeOwned>(&self) -> Result<T, Reply> {
        let empty: &[u8] = b"{}";
        let bytes = if self.body.is_empty() { empty } else { self.body };
        if serde_json::from_slice::<serde_json::Value>(bytes).is_err() {
            return Err(Reply::message(400, "Problems parsing JSON"));
        }
        serde_json::from_slice(bytes)
            .map_err(|error| Reply::message(422, &format!("Invalid request.\n\n{error}")))
    }

    /// One page of a list, with the `Link` header that leads on.
    fn page(&self, world: &World, items: Vec<serde_json::Value>) -> Reply {
        let asked =
            |key: &str, or: usize| self.query.get(key).and_then(|text| text.parse().ok()).unwrap_or(or);
        let per_page = asked("per_page", 30_usize).clamp(1, 100);
        let page = asked("page", 1_usize).max(1);
        let pages = items.len().div_ceil(per_page).max(1);
        let shown: Vec<_> = items.into_iter().skip((page - 1) * per_page).take(per_page).collect();
        let reply = Reply::ok(serde_json::Value::Array(shown));
        if page >= pages {
            return reply;
        }
        let link = |page: usize, rel: &str| {
            format!("<{}{}?per_page={per_page}&page={page}>; rel=\"{rel}\"", world.url, self.path)
        };
        reply.header("link", format!("{}, {}", link(page + 1, "next"), link(pages, "last")))
    }
}

pub(crate) fn credential(head: &Parts) -> Option<&str> {
    let value = head.headers.get("authorization")?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")).then_some(rest.trim())
}

/// The live installation token of a request.
pub(crate) fn token(world: &World, head: &Parts) -> Result<Token, Reply> {
    let refused = || Reply::message(401, "Bad credentials");
    let text = credential(head).ok_or_else(refused)?;
    live_token(world, text).ok_or_else(refused)
}

pub(crate) fn live_token(world: &World, text: &str) -> Option<Token> {
    world.tokens.get(text).filter(|token| token.expires_at > world.clock.wall()).cloned()
}
