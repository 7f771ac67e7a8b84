//! Requests in the name of an installation: addresses, token, and one more try with a new token after a 401.

use std::sync::Arc;

use bytes::Bytes;
use policy::{InstallationId, Millis};
use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Clock;
use super::auth::{Auth, Right, Token};
use super::budget::{Cost, Payer};
use super::error::ForgeError;
use super::graphql::{self, Document};
use super::http::{Answer, Call, Http, Repeat};
use super::settings::{Addresses, Settings, SettingsError};

/// The forge, seen by an installation.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) addresses: Addresses,
    http: Http,
    auth: Auth,
}

/// What to send; everything else is the installation's.
#[derive(Debug, Clone)]
struct Request {
    operation: &'static str,
    right: Right,
    cost: Cost,
    repeat: Repeat,
    method: Method,
    url: Url,
    body: Option<Bytes>,
}

/// What a write does to the forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    Create,
    Update,
}

impl Api {
    pub(super) fn new(settings: &Settings, clock: Clock) -> Result<Self, SettingsError> {
        let addresses = Addresses::parse(settings)?;
        Ok(Self { addresses, http: Http::new(settings, clock)?, auth: Auth::new(settings)? })
    }

    pub(super) fn now(&self) -> Millis {
        self.http.now()
    }

    pub(super) fn calls(&self) -> u64 {
        self.http.calls()
    }

    /// The installation's token to judge with, for those who speak to the forge by other means than HTTP requests of ours.
    pub(super) async fn token(&self, installation: InstallationId) -> Result<Arc<Token>, ForgeError> {
        self.auth.token(&self.http, &self.addresses, (installation, Right::Judge)).await
    }

    /// The forge refused this token: the next caller gets a new one.
    pub(super) async fn reject(&self, installation: InstallationId, refused: &Token) {
        self.auth.reject((installation, Right::Judge), refused).await;
    }

    /// Fails while a write would have to wait anyway, so that nothing is read in vain.
    pub(super) async fn may_write(&self, installation: InstallationId) -> Result<(), ForgeError> {
        let budget = self.http.budget(Payer::Installation(installation)).await;
        budget.would_wait(Cost::CREATE, self.now())
    }

    /// Sends a GraphQL query and reads its answer: all of it, or an error.
    pub(super) async fn query<T: DeserializeOwned>(
        &self,
        installation: InstallationId,
        document: &Document,
        variables: &impl Serialize,
    ) -> Result<T, ForgeError> {
        self.ask(installation, document, variables, (Cost::QUERY, Repeat::Safe, Right::Judge)).await
    }

    /// Sends a GraphQL mutation, once.
    pub(super) async fn mutate<T: DeserializeOwned>(
        &self,
        installation: InstallationId,
        document: &Document,
        variables: &impl Serialize,
    ) -> Result<T, ForgeError> {
        self.ask(installation, document, variables, (Cost::MUTATION, Repeat::Never, Right::Act)).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        installation: InstallationId,
        document: &Document,
        variables: &impl Serialize,
        (cost, repeat, right): (Cost, Repeat, Right),
    ) -> Result<T, ForgeError> {
        let request = Request {
            operation: document.name,
            right,
            cost,
            repeat,
            method: Method::POST,
            url: self.addresses.graphql.clone(),
            body: Some(json(document.name, &graphql::Body { query: document.text, variables })?),
        };
        let answer = self.send(installation, request).await?;
        let read = graphql::read(document.name, &answer, self.now());
        if let Err(graphql::Trouble::Limited(limit)) = read {
            let (budget, now) = (self.http.budget(Payer::Installation(installation)).await, self.now());
            let until = budget.note(limit, cost.resource, now);
            return Err(ForgeError::RateLimited { until });
        }
        read.map_err(|trouble| trouble.into_error(document.name))
    }

    /// Sends a REST read and reads its answer.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        installation: InstallationId,
        operation: &'static str,
        url: Url,
    ) -> Result<T, ForgeError> {
        self.read_by(Right::Judge, installation, operation, url).await
    }

    /// [`Api::read`] by another right.
    pub(super) async fn read_by<T: DeserializeOwned>(
        &self,
        right: Right,
        installation: InstallationId,
        operation: &'static str,
        url: Url,
    ) -> Result<T, ForgeError> {
        let (cost, repeat) = (Cost::READ, Repeat::Safe);
        let request = Request { operation, right, cost, repeat, method: Method::GET, url, body: None };
        let answer = self.send(installation, request).await?;
        parse(operation, &answer)
    }

    /// Sends a REST read in the name of the App itself.
    pub(super) async fn read_as_app<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        url: Url,
    ) -> Result<T, ForgeError> {
        let answer = self
            .http
            .send(Call {
                operation,
                payer: Payer::App,
                cost: Cost::READ,
                repeat: Repeat::Safe,
                method: Method::GET,
                url,
                token: &self.auth.signature(self.now())?,
                body: None,
            })
            .await?;
        parse(operation, &answer)
    }

    /// Sends a REST write, once.
    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        installation: InstallationId,
        operation: &'static str,
        kind: Write,
        url: Url,
        body: &impl Serialize,
    ) -> Result<T, ForgeError> {
        self.write_by(Right::Judge, installation, (operation, kind), url, body).await
    }

    /// [`Api::write`] by another right.
    pub(super) async fn write_by<T: DeserializeOwned>(
        &self,
        right: Right,
        installation: InstallationId,
        (operation, kind): (&'static str, Write),
        url: Url,
        body: &impl Serialize,
    ) -> Result<T, ForgeError> {
        let (cost, method) = match kind {
            Write::Create => (Cost::CREATE, Method::POST),
            Write::Update => (Cost::UPDATE, Method::PATCH),
        };
        let body = Some(json(operation, body)?);
        let request = Request { operation, right, cost, repeat: Repeat::Never, method, url, body };
        let answer = self.send(installation, request).await?;
        parse(operation, &answer)
    }

    /// Sends what is done by another right, once; the answer says nothing.
    pub(super) async fn post_by(
        &self,
        right: Right,
        installation: InstallationId,
        operation: &'static str,
        url: Url,
        body: &impl Serialize,
    ) -> Result<(), ForgeError> {
        let (cost, repeat) = (Cost::CREATE, Repeat::Never);
        let body = Some(json(operation, body)?);
        let request = Request { operation, right, cost, repeat, method: Method::POST, url, body };
        self.send(installation, request).await.map(|_| ())
    }

    async fn send(&self, installation: InstallationId, request: Request) -> Result<Answer, ForgeError> {
        let whose = (installation, request.right);
        let token = self.auth.token(&self.http, &self.addresses, whose).await?;
        match self.send_with(installation, &request, &token).await {
            // Revoked, or ended early. Nothing was done, so even a write may be sent again.
            Err(error) if error.is_unauthorized() => {
                self.auth.reject(whose, &token).await;
                let token = self.auth.token(&self.http, &self.addresses, whose).await?;
                self.send_with(installation, &request, &token).await
            }
            outcome => outcome,
        }
    }

    async fn send_with(
        &self,
        installation: InstallationId,
        request: &Request,
        token: &Token,
    ) -> Result<Answer, ForgeError> {
        self.http
            .send(Call {
                operation: request.operation,
                payer: Payer::Installation(installation),
                cost: request.cost,
                repeat: request.repeat,
                method: request.method.clone(),
                url: request.url.clone(),
                token: token.secret(),
                body: request.body.clone(),
            })
            .await
    }
}

fn parse<T: DeserializeOwned>(operation: &'static str, answer: &Answer) -> Result<T, ForgeError> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| ForgeError::broken(operation, super::error::quote(&error.to_string())))
}

fn json(operation: &'static str, body: &impl Serialize) -> Result<Bytes, ForgeError> {
    serde_json::to_vec(body)
        .map(Bytes::from)
        .map_err(|error| ForgeError::broken(operation, error.to_string()))
}
