//! What the forge shows of ours already, and what is done about it.

use super::scene::*;
use crate::facts::{Effects, ShownCheck};
use crate::ids::CheckRunId;
use crate::plan::{ShowCheck, plan};

/// What is to be shown when the forge shows `shown`.
fn planned(scene: &Scene, shown: Vec<ShownCheck>) -> Vec<ShowCheck> {
    let actions = plan(&scene.decide(), &Effects { checks: shown, rules_checks: Vec::new() });
    actions.iter().filter_map(|action| action.check().cloned()).collect()
}

/// Our run of this number, as it shows the scene's verdict.
fn ours(scene: &Scene, id: u64) -> ShownCheck {
    let show = planned(scene, Vec::new()).remove(0);
    ShownCheck {
        id: CheckRunId(id),
        completed: true,
        conclusion: Some(show.conclusion.as_str().to_owned()),
        external_id: Some(show.external_id),
    }
}

/// GitHub calls a check stale that was not completed within a fortnight, and a stale one passes nothing:
/// <https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks>
#[test]
fn a_run_of_ours_that_is_stale_or_not_completed_is_shown_anew() {
    let scene = Scene::by_copilot().approved(&bob());
    let stands = ours(&scene, 5);
    assert_eq!(planned(&scene, vec![stands.clone()]), []);
    let stale = ShownCheck { conclusion: Some("stale".to_owned()), ..stands.clone() };
    let unfinished = ShownCheck { completed: false, conclusion: None, ..stands };
    for shown in [stale, unfinished] {
        let shows = planned(&scene, vec![shown]);
        assert_eq!((shows.len(), shows[0].existing), (1, Some(CheckRunId(5))));
    }
}

#[test]
fn a_run_of_ours_that_somebody_changed_is_put_right() {
    let scene = Scene::by_copilot();
    let stands = ours(&scene, 5);
    assert_eq!(planned(&scene, vec![stands.clone()]), []);
    let green = Some("success".to_owned());
    let conclusion = ShownCheck { conclusion: green.clone(), ..stands.clone() };
    let all = ShownCheck { external_id: Some("of an older verdict".to_owned()), ..conclusion.clone() };
    let newer = ShownCheck { id: CheckRunId(6), ..all.clone() };
    for (shown, existing) in [(vec![conclusion], 5), (vec![all], 5), (vec![stands, newer], 6)] {
        let shows = planned(&scene, shown);
        assert_eq!((shows.len(), shows[0].existing), (1, Some(CheckRunId(existing))));
        assert_ne!(Some(shows[0].conclusion.as_str().to_owned()), green);
    }
}
