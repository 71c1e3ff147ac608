//! A question that stays open keeps nothing of those that were decided behind it.

use std::{sync::Arc, time::Duration};

use dialogue_rs::engine::{
    host::{Decisions, Verdict},
    metrics::Metrics,
};

use crate::{alone, is_back, memory::held, support::scaled};

#[tokio::test]
async fn line_31_one_question_stays_open_and_many_are_decided_behind_it() {
    let _alone = alone().await;
    let decisions = Decisions::new(Duration::from_secs(600), Arc::new(Metrics::new(1)));
    let open = decisions.issue(|_| {});
    let decide = |count: usize| {
        for _ in 0..count {
            let ticket = decisions.issue(|_| {});
            assert!(decisions.answer(ticket, Verdict::Overdue));
        }
    };
    decide(1_000);
    let before = held();
    decide(scaled(100_000, 10_000_000));
    assert!(is_back(held(), before), "{} bytes before, {} behind them", before, held());
    assert!(decisions.is_open(open));
}
