//! How a stack is to be started.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::lambda::Show;
use crate::services::mail::MailAccount;
use crate::services::{Deliveries, Timing};

/// How to start a stack.
#[derive(Clone, Debug)]
pub struct Options {
    /// The template to execute.
    pub template: PathBuf,
    /// Folder with the functions' executables, named as the template's `Binary`.
    pub functions: PathBuf,
    /// Port of our site on localhost; the simulated Entra takes the next one. 0 takes free ones.
    pub port: u16,
    /// Where state is kept.
    pub data: Data,
    /// Whether the table's requests are counted, which costs it its `ClientRequestToken`s.
    pub measured: bool,
    /// What is there after the first start.
    pub seed: Seed,
    /// When the simulated Entra provisions the demo organization.
    pub cycles: Cycles,
    /// Most processes of one function at a time.
    pub concurrency: usize,
    /// Whether the functions' lines are shown.
    pub show: Show,
    /// Variables that every function gets over the template's: `PATH`, or the address of
    /// a faulty endpoint in a test.
    pub variables: BTreeMap<String, String>,
    /// Values for the template's parameters.
    pub parameters: BTreeMap<String, String>,
    /// Pauses before asynchronous invocations are tried again.
    pub timing: Timing,
    /// How often an event reaches its targets.
    pub deliveries: Deliveries,
    /// What SES allows the account.
    pub mail_account: MailAccount,
    /// Where is written down what the simulated Graph is asked and says, if anywhere.
    pub exchanges: Option<PathBuf>,
}

impl Options {
    /// What tests want: free ports, memory, the demo organization, quiet functions, and cycles
    /// of provisioning when they are asked for.
    pub fn new(template: impl Into<PathBuf>, functions: impl Into<PathBuf>) -> Self {
        Self {
            template: template.into(),
            functions: functions.into(),
            port: 0,
            data: Data::Memory,
            measured: false,
            seed: Seed::Demo,
            cycles: Cycles::WhenAsked,
            concurrency: 4,
            show: Show::Nowhere,
            variables: BTreeMap::new(),
            parameters: BTreeMap::new(),
            timing: Timing::default(),
            deliveries: Deliveries::default(),
            mail_account: MailAccount::default(),
            exchanges: None,
        }
    }
}

/// Where state is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Data {
    /// In memory and a temporary folder: gone with the stack.
    Memory,
    /// In a folder, for the next start.
    Keep(PathBuf),
    /// In a folder whose old content is deleted first.
    Fresh(PathBuf),
}

/// What is there after the first start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Seed {
    /// The demo organization with its users, known to the simulated Entra.
    Demo,
    /// Nothing.
    Empty,
}

/// When the simulated Entra provisions the demo organization.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cycles {
    /// Only when a test or its page asks for it.
    WhenAsked,
    /// At the start, and then with this pause between cycles.
    Every(Duration),
}
