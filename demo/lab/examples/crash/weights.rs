//! A change of weights, killed, and checked against a recording proxy before Route 53.

use std::time::{Duration, Instant};

use fastrand::Rng;
use landfall::{
    base::step::{OpState, Way},
    journal::follow::Follower,
    systems::{Call, Entry, route53::Call as Route53},
};
use landfall_lab::{
    console::{Console, Run},
    live::Lab,
    plan,
    proxy::{Asked, Manner, Proxy},
};

use super::{Failure, again, count, held_text, killed, ledger};

const STEP: &str = "weights";
const NAME: &str = "www.example.test.";
/// From the intent to the end of the first verifications.
const SPAN: f64 = 1.5;
/// For how long an answer is held back, where the kill has to come before it.
const HELD_BACK: Duration = Duration::from_secs(2);

/// Forward and back, each killed once, for each trial; returns what was wrong.
pub fn trials(trials: u32, random: &mut Rng) -> Result<Vec<String>, Failure> {
    let lab = Lab::start()?;
    let proxy = Proxy::start(lab.port("aws/route53")?)?;
    let text = plan::only(&std::fs::read_to_string(lab.plan_file())?, &["sites", "route53", "dns", "intervals"]);
    let text = plan::through(&text, lab.port("aws/route53")?, proxy.port())?;
    let action = format!("set_weights = {{ name = {NAME:?}, source = 70, target = 30 }}");
    let run = Run::new(lab.run(), STEP, &plan::with_step(&text, STEP, &action))?;
    let (mut wrong, mut hits) = (Vec::new(), 0);
    println!("a change of weights, {trials} times forward and back, a kill each");
    for n in 1..=trials {
        for way in [Way::Forward, Way::Back] {
            if n > 1 && way == Way::Forward {
                again(&run, STEP)?;
            }
            let after = random.f64();
            let before = proxy.changes().len();
            // Half of them at any time, half after the batch arrived and before its answer, however fast the machine is.
            let unanswered = n % 2 == 1;
            if unanswered {
                proxy.set(Manner::LateAnswer(HELD_BACK));
            }
            let moment = |_: &mut Console| -> Result<(), Failure> {
                if !unanswered {
                    std::thread::sleep(Duration::from_secs_f64(after * after * SPAN));
                    return Ok(());
                }
                let end = Instant::now() + Duration::from_secs(30);
                while proxy.changes().len() == before && Instant::now() < end {
                    std::thread::sleep(Duration::from_millis(2));
                }
                std::thread::sleep(HELD_BACK.mul_f64(after * 0.5));
                proxy.set(Manner::Pass);
                Ok(())
            };
            let seen = |_| format!("{} batches had reached Route 53", proxy.changes().len());
            let pause = Duration::from_secs_f64(random.f64() * 2.0);
            let one = killed(&run, (STEP, way), moment, seen, pause)?;
            hits += u32::from(one.running);
            println!("{n:>3} {way:?}: killed at {}{}; came to {:?}", one.at, held_text(one.held.as_ref()), one.ended);
        }
    }
    wrong.extend(count("the change of weights", hits, 2 * trials));
    wrong.extend(judge(&Follower::new(&run.journal).news()?, &proxy.changes()));
    Ok(wrong)
}

/// Compares the journal with the requests that reached the server: each batch has an intent, arrived at most once, and
/// an APPLIED one was accepted.
fn judge(entries: &[Entry], asked: &[Asked]) -> Vec<String> {
    let sends = ledger::sends(entries);
    let is_batch = |call: &Call| matches!(call, Call::Route53(call) if !matches!(call, Route53::InSync { .. }));
    let batches: Vec<_> = sends.iter().filter(|s| is_batch(s.call)).collect();
    let mut wrong = Vec::new();
    // In the comment: the epoch's record also contains the tag of the previous batch.
    let carries = |asked: &Asked, tag: &str| asked.body.contains(&format!(">landfall {tag}<"));
    for one in asked {
        let n = batches.iter().filter(|s| carries(one, s.tag)).count();
        if n != 1 {
            wrong.push(format!("a batch reached Route 53 that {n} intents have meant: {}", one.body));
        }
    }
    for s in &batches {
        let sent: Vec<_> = asked.iter().filter(|a| carries(a, s.tag)).collect();
        let taken = sent.iter().any(|a| a.status == Some(200));
        match s.state {
            _ if sent.len() > 1 => wrong.push(format!("{}: sent {} times", s.what, sent.len())),
            OpState::Applied if !taken => wrong.push(format!("{}: APPLIED, and Route 53 never took it", s.what)),
            OpState::NotApplied if taken => wrong.push(format!("{}: NOT APPLIED, and Route 53 took it", s.what)),
            OpState::Applied | OpState::NotApplied | OpState::Spared => {}
            state => wrong.push(format!("{}: left {state:?}", s.what)),
        }
    }
    println!("the proxy: {} batches taken; the journal: {} meant", asked.len(), batches.len());
    wrong
}
