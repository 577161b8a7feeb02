//! The HTML page and the text of a story.

use std::{collections::BTreeSet, fs, path::PathBuf};

use landfall::report;

use super::{HOSTILE, PLAYED, fixture, journals, raw, story};

/// Checks that all tags are closed in order; returns their number.
fn balanced(page: &str) -> usize {
    const VOID: [&str; 2] = ["meta", "br"];
    let (mut open, mut tags, mut rest) = (Vec::new(), 0, page);
    while let Some((text, after)) = rest.split_once('<') {
        assert!(!text.contains('>') || open.last() == Some(&"style"), "a bare > in {text:?}");
        let (tag, after) = after.split_once('>').expect("a tag's end");
        rest = after;
        tags += 1;
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default().trim_end_matches('/');
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closed out of turn");
        } else if !(tag.starts_with('!') || tag.ends_with('/') || VOID.contains(&name)) {
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    tags
}

/// `LANDFALL_WRITE_REPORT=FOLDER` also writes the pages, to look at them.
#[test]
fn the_page_stands_alone_and_is_well_formed() {
    let folder = std::env::var_os("LANDFALL_WRITE_REPORT").map(PathBuf::from);
    for (name, entries) in journals() {
        let page = report::html(&story(&entries));
        if let Some(folder) = &folder {
            fs::write(folder.join(format!("report_{name}.html")), &page).expect("written");
        }
        let tags = balanced(&page);
        assert!(tags > 200, "{name}: {tags}");
        for alien in ["http", "src=", "<script", "@import", "url(", "<link", "<iframe", "NaN", "inf"] {
            // The hostile remark is there, as escaped text.
            let page = page.replace("&lt;img src=x&gt;", "");
            assert!(!page.contains(alien), "{name}: {alien}");
        }
    }
}

#[test]
fn hostile_words_stay_words() {
    let story = story(&PLAYED);
    assert_eq!(story.words[0].text, HOSTILE);
    let page = report::html(&story);
    assert!(page.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;a|b&quot;"));
    assert!(page.contains("scaled &lt;by&gt; hand"));
    let text = report::markdown(&story);
    assert!(text.contains("&lt;/td&gt;&lt;script&gt;") && !text.contains("<script"));
    let line = text.lines().find(|l| l.contains("alert")).expect("the remark");
    let bars = line.replace("\\|", "").matches('|').count();
    assert_eq!(bars, 4, "three cells: {line}");
}

#[test]
fn a_run_that_goes_on_is_told_as_such() {
    let whole = PLAYED.clone();
    assert!(!story(&whole).goes_on());
    assert!(report::story(&whole, 0, Some(true)).expect("a story").goes_on(), "a console has it open");
    for upto in 1..=whole.len() {
        let cut = story(&whole[..upto]);
        // Running steps are those that were started and have not ended, from the raw records.
        let mut open = BTreeSet::new();
        for e in raw(&whole[..upto]) {
            let step = e["body"]["step"].as_str().unwrap_or_default().to_owned();
            match (e["kind"].as_str(), e["body"]["note"]["phase"].as_str()) {
                (Some("begun"), _) => drop(open.insert(step)),
                (Some("came"), Some("done" | "rolled_back")) => drop(open.remove(&step)),
                _ => {}
            }
        }
        let described: BTreeSet<String> = cut.under_way().map(|s| s.id.clone()).collect();
        assert_eq!(described, open, "after {upto} records");
        assert_eq!(report::markdown(&cut).contains("This run is not finished"), !open.is_empty());
        if upto % 20 == 0 {
            balanced(&report::html(&cut));
        }
    }
    assert!(report::story(&[], 0, None).is_none());
}

#[test]
fn the_story_of_the_fixture() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for version in ["v1", "v2"] {
        let text = report::markdown(&story(&fixture(&format!("{version}.journal"))));
        settings.bind(|| insta::assert_snapshot!(format!("report_{version}"), text));
    }
}
