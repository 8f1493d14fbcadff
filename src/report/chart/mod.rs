//! Plots as SVG: percentile curves, figures over time, bars, ratios with their intervals, and parts of a whole.
//!
//! A [`Chart`] says what is shown; how wide it is drawn is chosen when it is rendered, so that a phone gets a layout of
//! its own rather than a shrunken one. Charts know nothing of results: [`super::plots`] makes them.

mod axes;
mod bars;
mod canvas;
mod course;
mod forest;
mod ink;
mod percentiles;
mod rates;
mod scale;
mod stacked;
mod svg;
mod timeline;

pub use bars::{Bar, Bars};
pub use canvas::ChartError;
pub use course::{Course, Mark, Measure, Stretch};
pub use forest::{Forest, ForestRow};
pub use ink::Ink;
pub use percentiles::{Curve, Percentiles};
pub use rates::{RateMark, RateSeries, Rates};
pub use stacked::{Stack, Stacked};
pub use svg::Svg;
pub use timeline::{Band, Reach, Sample, Timeline, Track, Values};

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// A screen or a sheet of paper: 760 pixels.
    Wide,
    /// A phone: 360 pixels.
    Narrow,
}

impl Room {
    fn width(self) -> f64 {
        match self {
            Self::Wide => 760.0,
            Self::Narrow => 360.0,
        }
    }

    fn is_narrow(self) -> bool {
        self == Self::Narrow
    }

    /// Size of labels.
    fn letters(self) -> f64 {
        12.0
    }
}

/// What a plot says, for those who do not see it.
#[derive(Clone, Debug, Default)]
pub struct Caption {
    /// What is shown.
    pub title: String,
    /// What can be read off it.
    pub description: String,
}

/// What is shown.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Response time by percentile.
    Percentiles(Percentiles),
    /// Figures over the time of the run.
    Timeline(Timeline),
    /// One figure for each variant.
    Bars(Bars),
    /// Ratios to the baseline.
    Forest(Forest),
    /// Where the time goes.
    Stacked(Stacked),
    /// Times against the rate of arrivals.
    Rates(Rates),
    /// A figure from run to run.
    Course(Course),
}

/// A plot.
#[derive(Clone, Debug)]
pub struct Chart {
    /// For those who do not see it.
    pub caption: Caption,
    /// What is shown.
    pub kind: Kind,
}

impl Chart {
    /// Draws the plot.
    ///
    /// # Errors
    /// When the bundled font or the drawing backend fails, which no input can cause.
    pub fn render(&self, room: Room) -> Result<Svg, ChartError> {
        let (document, height) = match &self.kind {
            Kind::Percentiles(chart) => chart.render(room),
            Kind::Timeline(chart) => chart.render(room),
            Kind::Bars(chart) => chart.render(room),
            Kind::Forest(chart) => chart.render(room),
            Kind::Stacked(chart) => chart.render(room),
            Kind::Rates(chart) => chart.render(room),
            Kind::Course(chart) => chart.render(room),
        }?;
        Ok(Svg::new(&document, room.width(), height, &self.caption.title, &self.caption.description))
    }
}

#[cfg(test)]
mod tests;
