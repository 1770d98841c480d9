//! Cycles: an initial one looks at everything, an incremental one at what changed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt as _;
use futures_util::stream;

use super::error::ProvisioningError;
use super::health::judge;
use super::job::Kind;
use super::report::{CycleKind, CycleReport};
use super::run::Run;
use super::settings::GroupMapping;
use crate::app::App;
use crate::clock::Stopwatch;

/// After so many objects the job is saved, so that a crash loses little.
const SAVED: u64 = 1_000;

/// What a cycle looks at.
#[derive(Debug)]
struct Work {
    kind: CycleKind,
    /// The directory's revision when the cycle began.
    revision: u64,
    users: Vec<String>,
    groups: Vec<String>,
}

/// Runs the next cycle, unless quarantine forbids it. One runs at a time.
pub(crate) async fn next(app: &App) -> Result<CycleReport, ProvisioningError> {
    let _turn = app.provisioner.turn().await;
    let settings = app.provisioner.settings()?;
    let stopwatch = Stopwatch::start();
    let now = app.now().simulated;
    empty_recycle_bin(app)?;
    let forbidden = {
        let mut job = app.provisioner.job();
        job.health = job.health.at(now);
        let forbidden = job.health.forbids(now);
        forbidden.map(|reason| CycleReport {
            number: job.cycles,
            started: now,
            halted: Some(reason.to_owned()),
            health: job.health,
            ..CycleReport::default()
        })
    };
    if let Some(report) = forbidden {
        app.provisioner.save(app)?;
        return Ok(report);
    }
    let requests = app.provisioner.requests();
    let run = Run::new(app, &settings)?;
    let work = gather(app, &run);
    users(&run, &work.users).await;
    managers(&run, &work.users).await;
    groups(&run, work.groups.clone()).await;
    let report = finish(&run, &work, stopwatch, requests);
    app.provisioner.save(app)?;
    Ok(report)
}

/// Users leave the recycle bin for good after thirty days.
fn empty_recycle_bin(app: &App) -> Result<(), ProvisioningError> {
    let now = app.now().simulated;
    let expired = app.directory().expired(now);
    if !expired.is_empty() {
        app.change(|directory| {
            expired.iter().for_each(|id| directory.purge(id));
            Ok(())
        })?;
    }
    Ok(())
}

fn gather(app: &App, run: &Run<'_>) -> Work {
    let directory = app.directory();
    let mut job = run.job();
    let due: BTreeSet<String> = job.due(run.now).into_iter().collect();
    let (kind, touched): (_, BTreeSet<String>) = match job.watermark {
        None => {
            let users = directory.users.keys().chain(job.users.keys());
            let groups = directory.groups.keys().chain(job.groups.keys());
            (CycleKind::Initial, users.chain(groups).cloned().collect())
        }
        Some(watermark) => {
            let changed = directory.changed_since(watermark);
            (CycleKind::Incremental, changed.into_iter().chain(due).collect())
        }
    };
    let is_group = |id: &String| directory.groups.contains_key(id) || job.groups.contains_key(id);
    let (groups, users): (Vec<String>, Vec<String>) = touched.into_iter().partition(is_group);
    Work { kind, revision: directory.revision, users, groups }
}

async fn users(run: &Run<'_>, ids: &[String]) {
    let done = AtomicU64::new(0);
    let limit = run.settings.concurrency.max(1);
    stream::iter(ids)
        .for_each_concurrent(limit, async |id| {
            if run.halted().is_some() {
                return;
            }
            let source = run.source(id);
            match run.user(id, &source).await {
                Ok((outcome, _)) => {
                    run.succeeded(id);
                    run.report().users.add(outcome);
                }
                Err(fault) => run.failed(id, source.subject(id), Kind::User, &fault),
            }
            if (done.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(SAVED) {
                // The save at the end tells of a full disk.
                let _later = run.app.provisioner.save(run.app);
            }
        })
        .await;
}

/// Managers of the users that were looked at, and those that wait for somebody.
async fn managers(run: &Run<'_>, ids: &[String]) {
    let waiting: BTreeSet<String> = {
        let job = run.job();
        let waiting = job.users.iter().filter(|(_, link)| link.awaits_manager);
        waiting.map(|(id, _)| id.clone()).collect()
    };
    let ids: BTreeSet<&String> = ids.iter().chain(&waiting).collect();
    stream::iter(ids)
        .for_each_concurrent(run.settings.concurrency.max(1), async |id| {
            let failed = run.job().escrows.get(id).is_some_and(|escrow| escrow.kind == Kind::User);
            if failed || run.halted().is_some() {
                return;
            }
            let source = run.source(id);
            let subject = source.subject(id);
            if let Err(fault) = run.manager(id, subject).await {
                run.failed(id, subject, Kind::Reference, &fault);
            }
        })
        .await;
}

/// Groups that were touched, and those whose members wait for somebody.
async fn groups(run: &Run<'_>, mut ids: Vec<String>) {
    if run.settings.groups == GroupMapping::Disabled {
        return;
    }
    let touched: BTreeSet<String> = ids.iter().cloned().collect();
    {
        let job = run.job();
        let waiting = job.groups.iter().filter(|(_, link)| link.awaits_members);
        ids.extend(waiting.map(|(id, _)| id.clone()).filter(|id| !touched.contains(id)));
    }
    stream::iter(ids)
        .for_each_concurrent(run.settings.concurrency.max(1), async |id| {
            if run.halted().is_some() {
                return;
            }
            group(run, &id, touched.contains(&id)).await;
        })
        .await;
}

async fn group(run: &Run<'_>, id: &str, touched: bool) {
    let source = run.group_source(id);
    let subject = source.as_ref().map_or(id, |group| group.display_name.as_str());
    let known = if touched {
        match run.group(id, source.as_ref()).await {
            Ok((outcome, known)) => {
                run.succeeded(id);
                run.report().groups.add(outcome);
                known
            }
            Err(fault) => return run.failed(id, subject, Kind::Group, &fault),
        }
    } else {
        super::groups::Members::Remembered
    };
    if let Some(group) = &source
        && let Err(fault) = run.members(group, known).await
    {
        run.failed(id, subject, Kind::Reference, &fault);
    }
}

fn finish(run: &Run<'_>, work: &Work, stopwatch: Stopwatch, requests: u64) -> CycleReport {
    let halted = run.halted();
    let mut job = run.job();
    let verdict = halted.map(|(reason, _)| *reason).or_else(|| judge(job.tally()));
    job.health = job.health.after(verdict, run.now);
    if halted.is_none() {
        job.watermark = Some(work.revision);
    }
    job.cycles += 1;
    let report = CycleReport {
        number: job.cycles,
        kind: work.kind,
        started: run.now,
        duration_ms: stopwatch.elapsed().as_millis().try_into().unwrap_or(u64::MAX),
        requests: run.app.provisioner.requests() - requests,
        halted: halted.map(|(_, told)| told.clone()),
        health: job.health,
        ..run.report().clone()
    };
    job.last = Some(report.clone());
    report
}
