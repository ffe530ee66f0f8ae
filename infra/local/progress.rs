//! Tells a person what is going on: one line a step with the time it took, a moving bar where a terminal can show one.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How steps are shown.
#[derive(Debug, Clone)]
pub struct Progress {
    shown: Shown,
}

#[derive(Debug, Clone)]
enum Shown {
    Terminal(MultiProgress),
    Lines,
    Silent,
}

impl Progress {
    /// Bars on a terminal, plain lines in a file or a pipe. Both go to stderr, so that stdout keeps the result.
    pub fn new() -> Self {
        let shown = if std::io::stderr().is_terminal() {
            Shown::Terminal(MultiProgress::new())
        } else {
            Shown::Lines
        };
        Self { shown }
    }

    /// Shows nothing, as tests want it.
    pub fn silent() -> Self {
        Self { shown: Shown::Silent }
    }

    /// Begins a step of unknown length.
    pub fn step(&self, what: impl Into<String>) -> Step {
        self.begin(what.into(), None)
    }

    /// Begins a step of `total` parts, each told with [`Step::advance`].
    pub fn counted(&self, what: impl Into<String>, total: usize) -> Step {
        self.begin(what.into(), Some(total))
    }

    /// Prints a line without disturbing a bar.
    pub fn say(&self, line: &str) {
        match &self.shown {
            Shown::Terminal(bars) => {
                let _ = bars.println(line);
            }
            Shown::Lines => eprintln!("{line}"),
            Shown::Silent => {}
        }
    }

    fn begin(&self, what: String, total: Option<usize>) -> Step {
        let bar = match &self.shown {
            Shown::Terminal(bars) => {
                let bar = bars.add(ProgressBar::new(u64::try_from(total.unwrap_or(0)).unwrap_or(0)));
                let form = if total.is_some() {
                    "  {spinner} {prefix} {bar:30} {pos}/{len} {elapsed} {wide_msg:.dim}"
                } else {
                    "  {spinner} {prefix} {elapsed} {wide_msg:.dim}"
                };
                if let Ok(style) = ProgressStyle::with_template(form) {
                    bar.set_style(style);
                }
                bar.set_prefix(what.clone());
                bar.enable_steady_tick(Duration::from_millis(100));
                Some(bar)
            }
            Shown::Lines | Shown::Silent => None,
        };
        Step { progress: self.clone(), what, began: Instant::now(), bar, told: false }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

/// A step under way. Dropped without [`Step::done`], it says that it broke off.
#[derive(Debug)]
pub struct Step {
    progress: Progress,
    what: String,
    began: Instant,
    bar: Option<ProgressBar>,
    told: bool,
}

impl Step {
    /// What the step is busy with right now; only a terminal shows it.
    pub fn busy_with(&self, detail: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(detail.to_owned());
        }
    }

    /// One more part of a counted step is finished.
    pub fn advance(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// Ends the step and says what came of it.
    pub fn done(mut self, result: &str) {
        self.tell("✓", result);
    }

    fn tell(&mut self, mark: &str, result: &str) {
        self.told = true;
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let took = took(self.began.elapsed());
        self.progress.say(format!("  {mark} {:<30} {took:>8}  {result}", self.what).trim_end());
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !self.told {
            self.tell("✗", "broke off");
        }
    }
}

/// A duration as people say it: `340 ms`, `2.1 s`, `3 min 05 s`.
pub fn took(time: Duration) -> String {
    let ms = time.as_millis();
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {:02} s", ms / 60_000, ms / 1_000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_reads_as_people_say_it() {
        assert_eq!(took(Duration::from_millis(340)), "340 ms");
        assert_eq!(took(Duration::from_millis(2_149)), "2.1 s");
        assert_eq!(took(Duration::from_secs(185)), "3 min 05 s");
    }
}
