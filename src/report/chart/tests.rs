use super::*;

fn percentiles(names: &[&str]) -> Chart {
    let curves = names
        .iter()
        .enumerate()
        .map(|(series, name)| {
            let scale = 500.0 * (series + 1) as f64;
            let points =
                (0..200).map(|i| 1.0 - 10f64.powf(-f64::from(i) / 50.0)).map(|q| (q, scale * (1.2 - q).powf(-0.4)));
            Curve { name: (*name).to_owned(), series, points: points.collect() }
        })
        .collect();
    let caption =
        Caption { title: "Response <time>".to_owned(), description: "by \"percentile\" & variant".to_owned() };
    Chart { caption, kind: Kind::Percentiles(Percentiles { curves }) }
}

/// Whether every element that opens also closes, and no attribute is written twice: what an XML parser would refuse.
fn assert_well_formed(svg: &str) {
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("each tag ends");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closing tags match");
            continue;
        }
        let name = tag.split([' ', '/']).next().expect("a name");
        let mut keys: Vec<&str> = tag.split("=\"").filter_map(|part| part.rsplit([' ', '"']).next()).collect();
        keys.pop();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all, "an attribute twice in <{tag}>");
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes pair in <{tag}>");
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

#[test]
fn one_curve_per_variant_in_its_own_ink() {
    for room in [Room::Wide, Room::Narrow] {
        let svg = percentiles(&["n_plus_one", "join", "batch"]).render(room).expect("draws").standalone();
        assert_well_formed(&svg);
        for class in ["k16", "k17", "k18"] {
            assert_eq!(svg.matches(&format!("<polyline fill=\"none\" class=\"{class}\"")).count(), 1, "{class}");
        }
        assert!(svg.contains("<title id=\"plot-title\">Response &lt;time&gt;</title>"));
        assert!(!svg.contains("#0102"), "every ink became a colour");
    }
}

#[test]
fn hostile_names_stay_text() {
    let chart = percentiles(&["<script>alert(\"1\")</script>", "a&b'c\u{0}\u{1b}[31m", "日本 — ünï"]);
    let svg = chart.render(Room::Wide).expect("draws").standalone();
    assert_well_formed(&svg);
    assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;"));
    assert!(!svg.chars().any(|c| c.is_control() && c != '\n'));
}

#[test]
fn inline_drawings_name_no_address_and_carry_the_given_id() {
    let svg = percentiles(&["a"]).render(Room::Narrow).expect("draws").inline("curves-narrow", "plot narrow");
    assert!(!svg.contains("http"));
    assert!(svg.contains("aria-labelledby=\"curves-narrow-title curves-narrow-desc\""));
}

#[test]
fn charts_without_a_figure_still_draw() {
    let caption = Caption::default();
    let row = ForestRow {
        group: "response p50".to_owned(),
        name: "join".to_owned(),
        series: 1,
        ratio: None,
        interval: None,
        label: "–".to_owned(),
    };
    let bar =
        Bar {
            name: "join".to_owned(), series: 1, value: None, label: "–".to_owned(), interval: None, rounds: vec![]
        };
    let kinds = [
        Kind::Percentiles(Percentiles { curves: vec![] }),
        Kind::Timeline(Timeline { name: "p50".to_owned(), values: Values::Times, tracks: vec![], bands: vec![] }),
        Kind::Bars(Bars { name: "goodput".to_owned(), bars: vec![bar] }),
        Kind::Forest(Forest { baseline: "base".to_owned(), margin: 0.05, rows: vec![row] }),
        Kind::Stacked(Stacked { name: "mean".to_owned(), parts: vec![], stacks: vec![] }),
    ];
    for kind in kinds {
        for room in [Room::Wide, Room::Narrow] {
            let chart = Chart { caption: caption.clone(), kind: kind.clone() };
            let svg = chart.render(room).expect("draws").standalone();
            assert_well_formed(&svg);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
