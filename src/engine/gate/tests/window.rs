//! The time for which a gate has to be true: what fills it, what begins it anew, and when it will be full.

use super::*;

#[test]
fn it_is_green_once_it_has_been_true_for_as_long_as_it_has_to_and_not_a_moment_before() {
    let mut judge = judge(&gate("g", |g| g.sustain = secs(10)));
    for s in 0..10 {
        judge.evaluate(&Readings::of(&[lag("a", live(1.0, s % 2))]), at(s));
        let verdict = judge.verdict(at(s));
        assert_eq!(verdict.level, Unknown, "after {s} s");
        assert_eq!(verdict.to_green, Some(secs(10 - s)));
    }
    let what = &judge.verdict(at(9)).reasons[0].what;
    assert_eq!(what, "max mongo.member.lag of orders 1s, limit ≤ 2s, true for 9.0s of 10s, 1.0s to go");
    judge.evaluate(&Readings::of(&[lag("a", live(1.0, 0))]), at(10));
    assert_eq!(judge.verdict(at(10)).level, Green);
    judge.evaluate(&Readings::of(&[lag("a", live(9.0, 0))]), at(11));
    assert_eq!(judge.verdict(at(11)).level, Red);
    judge.evaluate(&Readings::of(&[lag("a", live(1.0, 0))]), at(12));
    let verdict = judge.verdict(at(12));
    assert!(verdict.reasons[0].what.ends_with("true for 0.0s of 10s, 10s to go; restarted: it was red"), "{verdict:?}");
}

#[test]
fn one_reading_seen_many_times_counts_once() {
    let mut judge = judge(&gate("g", |g| g.min_samples = 2));
    for s in 0..4 {
        judge.evaluate(&Readings::of(&[lag("a", live(1.0, s)), lag("b", live(1.0, 0))]), at(s));
        assert_eq!(judge.verdict(at(s)).level, Unknown, "after {s} s");
    }
    assert!(judge.verdict(at(3)).reasons[0].what.ends_with("limit ≤ 2s, 1 of 2 readings"));
    judge.evaluate(&Readings::of(&[lag("a", live(1.0, 0)), lag("b", live(1.0, 0))]), at(4));
    assert_eq!(judge.verdict(at(4)).level, Green);
}

#[test]
fn silence_is_never_green_nor_red() {
    for value in [1.0, 9.0] {
        let mut judge = judge(&gate("g", |_| ()));
        judge.evaluate(&Readings::of(&[lag("a", live(value, 4))]), at(0));
        assert_ne!(judge.verdict(at(2)).level, Unknown);
        let verdict = judge.verdict(at(3));
        assert_eq!(verdict.level, Unknown, "what was read is 7 s old by now");
        assert!(verdict.reasons[0].what.ends_with("the readings have been too old for 1.0s"), "{verdict:?}");
        assert!(judge.verdict(at(7)).reasons[0].what.ends_with("not evaluated for 7.0s, limit 6.0s"));
    }
}

#[test]
fn a_gap_a_new_series_and_a_jump_begin_the_window_anew() {
    let waiting = || {
        let mut judge = judge(&gate("g", |g| g.sustain = secs(4)));
        (0..6).for_each(|s| judge.evaluate(&Readings::of(&[lag("a", live(1.0, 0))]), at(s)));
        assert_eq!(judge.verdict(at(5)).level, Green);
        judge
    };
    let what = |judge: &Judge, now: Now| {
        let verdict = judge.verdict(now);
        assert_eq!(verdict.level, Unknown);
        verdict.reasons[0].what.clone()
    };
    let mut gap = waiting();
    gap.evaluate(&Readings::of(&[lag("a", live(1.0, 0))]), at(12));
    assert!(what(&gap, at(12)).ends_with("restarted: not evaluated for 7.0s"));
    let mut series = waiting();
    series.evaluate(&Readings::of(&[lag("a", live(1.0, 0)), lag("b", live(1.0, 0))]), at(6));
    assert!(what(&series, at(6)).ends_with("restarted: a series appeared: orders, b"));
    let mut jump = waiting();
    jump.evaluate(&Readings::of(&[lag("a", live(1.0, 0))]), Now { wall: at(3606).wall, ..at(6) });
    assert!(what(&jump, Now { wall: at(3606).wall, ..at(6) }).ends_with("but the clock jumped by 1h00m"));
    let unseen = waiting();
    assert!(what(&unseen, Now { wall: at(3606).wall, ..at(6) }).ends_with("but the clock jumped by 1h00m"));
}

#[test]
fn a_trend_that_leads_there_says_when() {
    let mut judge = judge(&gate("g", |g| g.sustain = secs(30)));
    for s in 0..=10_u32 {
        judge.evaluate(&Readings::of(&[lag("a", live(22.0 - f64::from(s), 0))]), at(u64::from(s)));
    }
    let eta = judge.verdict(at(10)).to_green.expect("it falls by one a second").as_secs_f64();
    assert!((eta - 40.0).abs() < 0.1, "10 s to the limit, then 30 s: {eta}");
    for s in 11..150 {
        judge.evaluate(&Readings::of(&[lag("a", live(12.0, 0))]), at(s));
    }
    assert_eq!(judge.verdict(at(149)).to_green, None, "it stands");
}

#[test]
fn a_window_of_a_day_is_as_small_as_any() {
    let mut judge = judge(&gate("g", |g| (g.sustain, g.min_samples) = (secs(86_400), 40_000)));
    for s in 0..=86_400 {
        judge.evaluate(&Readings::of(&[lag("a", live(1.0, s % 2))]), at(s));
    }
    let verdict = judge.verdict(at(86_400));
    assert_eq!(verdict.level, Green);
    assert_eq!(verdict.reasons[0].filled.map(|f| f.samples), Some(43_201));
    assert!(format!("{judge:?}").len() < 16_000, "no more is kept than the curve of an hour, in two resolutions");
}
