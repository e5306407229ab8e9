// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Requests, and what became of each.

use tern_core::{
    control::{Completion, ControlRequest, Failure, Operation},
    os::Sleepable,
    types::RequestId,
};

use super::{VAP, World};
use crate::{air::Micros, os::SimDraft};

/// How long a caller waits for an answer before the driver counts as stuck.
const ANSWER_US: Micros = 10_000_000;
/// How long an accepted operation may take.
const OUTCOME_US: Micros = 60_000_000;

/// What came of an accepted request: how it ended, and the frame that ended it.
pub type Ending = (Result<(), Failure>, Vec<u8>);

/// A request.
#[derive(Debug)]
pub struct Asked {
    /// Its id.
    pub id: RequestId,
    /// What it was.
    pub request: ControlRequest,
    /// Times that its waiter was woken, with what.
    pub answers: Vec<Result<(), Failure>>,
    /// Times that its end was told.
    pub endings: Vec<Ending>,
}

impl World<'_> {
    /// Makes a request and waits for its answer.
    pub fn ask(&mut self, request: ControlRequest, body: Option<&[u8]>) -> Result<(), Failure> {
        let id = self.post(request, body)?;
        let is_answered =
            self.run_until(ANSWER_US, |world| !world.asked_mut(id).answers.is_empty());
        if !is_answered {
            self.complain(format!("{request:?}: no answer"));
            return Err(Failure::Timeout);
        }
        let woken = self.asked_mut(id).answers[0];
        let collected = self.wire.device.collect(&mut Sleepable::enter_from_shim(), id);
        if collected != Some(woken) {
            self.complaints.push(format!("{request:?}: woken with {woken:?}, got {collected:?}"));
        }
        woken
    }

    /// Makes a request and leaves it there.
    pub fn post(
        &mut self,
        request: ControlRequest,
        body: Option<&[u8]>,
    ) -> Result<RequestId, Failure> {
        let cx = &mut Sleepable::enter_from_shim();
        let body = body.map(SimDraft::given);
        let id = self.wire.device.request(cx, VAP, request, body)?;
        self.asked.push(Asked { id, request, answers: Vec::new(), endings: Vec::new() });
        Ok(id)
    }

    /// Makes an *accept* request and waits until what it began has ended: the frame that ended it.
    pub fn carry_out(
        &mut self,
        request: ControlRequest,
        body: Option<&[u8]>,
    ) -> Result<Vec<u8>, Failure> {
        let first = self.asked.len();
        self.ask(request, body)?;
        let has_ended = |world: &mut Self| !world.asked[first].endings.is_empty();
        if !self.run_until(OUTCOME_US, has_ended) {
            self.complaints.push(format!("{request:?}: never ends"));
            return Err(Failure::Timeout);
        }
        let (result, frame) = self.asked[first].endings[0].clone();
        result.map(|()| frame)
    }

    fn asked_mut(&mut self, id: RequestId) -> &mut Asked {
        self.asked.iter_mut().rev().find(|asked| asked.id == id).expect("only requests of ours")
    }

    pub(super) fn answered(&mut self, id: RequestId, result: Result<(), Failure>) {
        match self.asked.iter_mut().rev().find(|asked| asked.id == id) {
            Some(asked) => asked.answers.push(result),
            None => self.complaints.push(format!("an answer to {id:?}, which nobody asked")),
        }
    }

    pub(super) fn ended(
        &mut self,
        id: RequestId,
        operation: Operation,
        result: Result<(), Failure>,
        frame: Vec<u8>,
    ) {
        let Some(asked) = self.asked.iter_mut().rev().find(|asked| asked.id == id) else {
            self.complaints.push(format!("{operation:?} of {id:?} ended, which nobody asked"));
            return;
        };
        asked.endings.push((result, frame));
        let (request, is_first) = (asked.request, asked.answers.is_empty());
        if request.operation() != Some(operation) {
            self.complaints.push(format!("{request:?} ended as {operation:?}"));
        }
        if is_first {
            self.complaints.push(format!("{request:?} ended before it was accepted"));
        }
    }

    /// Every waiter has one answer, every accepted request one ending, every other request none.
    pub(super) fn check_asked(&mut self) {
        for asked in &self.asked {
            let Asked { request, answers, endings, .. } = asked;
            let is_begun = answers == &[Ok(())] && request.completion() == Completion::Accept;
            if answers.len() != 1 || endings.len() != usize::from(is_begun) {
                self.complaints.push(format!("{request:?}: answers {answers:?}, ends {endings:?}"));
            }
        }
    }
}
