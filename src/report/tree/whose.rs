//! Whose work it is judged as, and what recognised each agent, by what the evidence may do.

use std::collections::BTreeMap;

use policy::verdict::{AgentTrace, EvidenceClass, Involvement};

use super::{Node, Span, Tone};
use crate::report::words;

/// How it is judged, who opened it, and each agent once.
pub(super) fn nodes(involvement: &Involvement) -> Vec<Node> {
    let author = match &involvement.author {
        Some(author) => format!("Opened by {} (account `{}`).", words::account(author), author.id),
        None => "Who opened it is not known.".to_owned(),
    };
    let mut agents: BTreeMap<(&str, Option<&str>), Vec<&AgentTrace>> = BTreeMap::new();
    for trace in &involvement.agents {
        agents.entry((&trace.called, trace.registered.as_deref())).or_default().push(trace);
    }
    let mut nodes = vec![Node::prose(words::judged_as(involvement.judged_as)), Node::prose(author)];
    nodes.extend(agents.into_iter().map(|((called, registered), traces)| agent(called, registered, &traces)));
    nodes
}

fn agent(called: &str, registered: Option<&str>, traces: &[&AgentTrace]) -> Node {
    let mut line = vec![Span::Text("Agent "), Span::Code(called.to_owned())];
    match registered {
        Some(name) => {
            line.extend([
                Span::Text(", registered as "),
                Span::Code(format!("agents.{name}")),
                Span::Text(":"),
            ]);
        }
        None => line.push(Span::Text(", not registered:")),
    }
    let mut classes: BTreeMap<EvidenceClass, Vec<Node>> = BTreeMap::new();
    for trace in traces {
        let seen = Node::new(Tone::Plain, vec![Span::Code(trace.seen.clone())]);
        classes.entry(trace.class).or_default().push(seen);
    }
    let class = |(class, seen)| Node::row(vec![Span::Text(words::evidence_class(class))], seen, 0);
    Node::new(Tone::Plain, line).with(classes.into_iter().map(class))
}
