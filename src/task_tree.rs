//! `TaskTree`: who waits for what, and who awaits whom, at one moment.
//!
//! Nothing is kept for this. Each await of something of the loop's own is registered
//! already, because a cancel request has to find it (`crate::leaf`); a future that stands
//! for others, as a gather does, is asked for them; and who waits for a descriptor is known
//! by its waker, which is a key.

use crate::kernel::{Key, Phase, State, Target, Waiter, waker};
use crate::{LoopHandle, TaskRef};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

/// A tree deeper than this goes on below, with a root of its own.
const DEEPEST: usize = 60;

/// The tasks of a loop that are not done, each with what it waits for: a copy, made by
/// [`LoopHandle::task_tree`].
///
/// Displayed, it is a tree: below each task are those that it awaits, and the roots are
/// those that nobody awaits. A task that several await stands below each of them, but what
/// it awaits in turn is shown once; so is a circle.
///
/// An await is found where it waits for a task, by whatever way: through a join of several
/// futures, [`gather`](crate::gather()), [`wait`](crate::wait()), [`shield`](crate::shield()),
/// [`wait_for`](crate::wait_for()), or the end of a [`TaskGroup`](crate::TaskGroup). Who
/// takes from an [`AsCompleted`](crate::AsCompleted), a queue, a lock or a future that is
/// set by hand waits for nobody in particular.
///
/// ```
/// oneloop::run(async {
///     let inner = oneloop::spawn_named("inner", std::future::pending::<()>());
///     let _outer = oneloop::spawn_named("outer", inner);
///     oneloop::yield_now().await;
///     oneloop::yield_now().await;
///     let tree = oneloop::running_loop().unwrap().task_tree();
///     assert_eq!(tree.to_string(), "\
/// Task-1: runs
/// outer: waits for the task inner
/// └── inner: waits for a wake from outside the loop
/// ");
/// })
/// .unwrap();
/// ```
#[doc(alias = "pstree")]
#[doc(alias = "format_call_graph")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskTree {
    tasks: Vec<TaskNode>,
}

/// A task of a [`TaskTree`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskNode {
    /// Its number: the n-th that the loop made.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: TaskState,
    /// What it waits for, in words.
    pub waits_for: String,
    /// Where it was spawned: known if the loop was observed then.
    pub spawned_at: Option<&'static Location<'static>>,
    /// The tasks that it awaits, by their numbers.
    pub awaits: Vec<u32>,
    /// The tasks that await it, by their numbers.
    pub awaited_by: Vec<u32>,
}

/// How far a task is that is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// Its first step is still to come.
    New,
    /// Its step is running: it is the one that looks.
    Running,
    /// It waits.
    Waiting,
    /// It waits, and was asked to cancel.
    Cancelling,
}

impl LoopHandle {
    /// Who waits for what at this moment.
    pub fn task_tree(&self) -> TaskTree {
        let state = &self.state;
        let awaits = state.awaits();
        let descriptors = state.who_waits_for_descriptors();
        let number = |key| state.tasks.borrow().get(key).map_or(0, |task| task.number);
        let mut tasks: Vec<TaskNode> = Vec::new();
        for key in state.unfinished() {
            let Some(node) = state.node(key, descriptors.get(&key)) else { continue };
            tasks.push(node);
        }
        let place: HashMap<u32, usize> =
            tasks.iter().enumerate().map(|(place, task)| (task.id, place)).collect();
        for (who, whom) in awaits.into_iter().map(|(who, whom)| (number(who), number(whom))) {
            if let (Some(who_at), Some(whom_at)) = (place.get(&who), place.get(&whom)) {
                tasks[*who_at].awaits.push(whom);
                tasks[*whom_at].awaited_by.push(who);
            }
        }
        for task in &mut tasks {
            task.awaits.sort_unstable();
            task.awaited_by.sort_unstable();
        }
        TaskTree { tasks }
    }
}

impl TaskRef {
    /// The tasks that this one awaits, in the order in which they were made; see
    /// [`TaskTree`]. Looks at all awaits of the loop.
    pub fn awaits(&self) -> Vec<TaskRef> {
        self.neighbours(|(who, whom)| (who == self.key).then_some(whom))
    }

    /// The tasks that await this one, in the order in which they were made; see
    /// [`TaskTree`]. Looks at all awaits of the loop.
    pub fn awaited_by(&self) -> Vec<TaskRef> {
        self.neighbours(|(who, whom)| (whom == self.key).then_some(who))
    }

    fn neighbours(&self, pick: impl Fn((Key, Key)) -> Option<Key>) -> Vec<TaskRef> {
        let keys = self.handle.state.awaits().into_iter().filter_map(pick);
        let found = keys.filter_map(|key| TaskRef::new(self.handle.clone(), key));
        let mut found: Vec<TaskRef> = found.collect();
        found.sort_unstable_by_key(|task| task.number);
        found
    }
}

impl State {
    /// Who awaits whom, of the tasks that are not done; each pair once.
    fn awaits(&self) -> BTreeSet<(Key, Key)> {
        let leaves = self.leaves.borrow();
        let all = leaves.iter().map(|(_, leaf)| (leaf.place.task, leaf.target.clone()));
        let mut todo: Vec<(Key, Target)> = all.collect();
        drop(leaves);
        let mut found = BTreeSet::new();
        let mut seen = HashSet::new();
        while let Some((who, target)) = todo.pop() {
            match target {
                Target::Task(whom) if self.is_unfinished(who) && self.is_unfinished(whom) => {
                    found.insert((who, whom));
                }
                Target::Future(future) => {
                    if seen.insert((who, Rc::as_ptr(&future).cast::<()>())) {
                        todo.extend(future.behind().into_iter().map(|target| (who, target)));
                    }
                }
                Target::Task(_) | Target::Sleep(_) => {}
            }
        }
        found
    }

    fn is_unfinished(&self, key: Key) -> bool {
        self.tasks.borrow().get(key).is_some_and(|task| !task.is_done())
    }

    /// In words, for tasks that wait by their own wakers.
    fn who_waits_for_descriptors(&self) -> HashMap<Key, String> {
        let reactor = self.reactor.borrow();
        let mut found = HashMap::new();
        for (_, source) in reactor.sources.iter() {
            for (side, what) in source.sides.iter().zip(["readable", "writable"]) {
                let waiters = side.waiters.0.iter().flat_map(|list| &list.entries);
                for (_, waiter) in waiters {
                    let Some(Waiter::Waker(waker)) = waiter else { continue };
                    let key = Key::from_bits(waker.data().addr() as u64);
                    if waker::is_of(waker, self.id, key) {
                        found.insert(key, format!("fd {} to be {what}", source.fd));
                    }
                }
            }
        }
        found
    }

    fn node(&self, key: Key, descriptor: Option<&String>) -> Option<TaskNode> {
        let tasks = self.tasks.borrow();
        let task = tasks.get(key)?;
        let (id, phase) = (task.number, task.phase);
        drop(tasks);
        let infos = self.infos.borrow();
        let info = infos.get(&key);
        let (asked, spawned_at) = info.map_or((false, None), |info| (info.cancelling > 0, info.at));
        drop(infos);
        let state = match phase {
            Phase::New => TaskState::New,
            Phase::Stepping => TaskState::Running,
            _ if asked => TaskState::Cancelling,
            _ => TaskState::Waiting,
        };
        let waits_for = match (state, descriptor) {
            (TaskState::Running, _) => "nothing".to_owned(),
            (_, Some(descriptor))
                if self.waits_within(key).is_some_and(|waits| waits.count == 0) =>
            {
                descriptor.clone()
            }
            _ => self.waits_for(key),
        };
        let (awaits, awaited_by) = (Vec::new(), Vec::new());
        let name = self.task_name(key);
        Some(TaskNode { id, name, state, waits_for, spawned_at, awaits, awaited_by })
    }
}

impl TaskTree {
    /// The tasks, in the order in which they were made.
    pub fn tasks(&self) -> &[TaskNode] {
        &self.tasks
    }

    /// The task of that number.
    pub fn get(&self, id: u32) -> Option<&TaskNode> {
        self.tasks.iter().find(|task| task.id == id)
    }

    /// Those that nobody awaits, in the order in which they were made.
    pub fn roots(&self) -> impl Iterator<Item = &TaskNode> {
        self.tasks.iter().filter(|task| task.awaited_by.is_empty())
    }
}

impl fmt::Display for TaskTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut drawing = Drawing {
            place: self.tasks.iter().enumerate().map(|(place, task)| (task.id, place)).collect(),
            tasks: &self.tasks,
            shown: vec![false; self.tasks.len()],
            on_path: vec![false; self.tasks.len()],
            below: VecDeque::new(),
        };
        for (place, task) in self.tasks.iter().enumerate() {
            if task.awaited_by.is_empty() {
                drawing.tree(place, f)?;
            }
        }
        // What is left is in circles, or behind them.
        for place in 0..self.tasks.len() {
            if !drawing.shown[place] {
                drawing.tree(place, f)?;
            }
        }
        Ok(())
    }
}

/// A tree that is being displayed. Tasks are named by their places in the list.
struct Drawing<'a> {
    place: HashMap<u32, usize>,
    tasks: &'a [TaskNode],
    shown: Vec<bool>,
    on_path: Vec<bool>,
    /// Trees that go on below.
    below: VecDeque<usize>,
}

/// A task on the way from the root to where the drawing is.
struct Step {
    place: usize,
    /// How many of those that it awaits are drawn.
    drawn: usize,
    /// How much of the rails is for it.
    rails: usize,
}

impl Drawing<'_> {
    fn tree(&mut self, root: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.tasks[root])?;
        self.branches(root, f)?;
        while let Some(root) = self.below.pop_front() {
            if !self.shown[root] {
                writeln!(f, "{} (from above)", self.tasks[root])?;
                self.branches(root, f)?;
            }
        }
        Ok(())
    }

    /// What a root awaits. A loop, not a recursion: chains of tasks may be long.
    fn branches(&mut self, root: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rails = String::new();
        let mut path = vec![self.enter(root, 0)];
        while let Some(step) = path.last_mut() {
            let children = &self.tasks[step.place].awaits;
            rails.truncate(step.rails);
            let Some(child) = children.get(step.drawn) else {
                self.on_path[step.place] = false;
                path.pop();
                continue;
            };
            step.drawn += 1;
            let last = step.drawn == children.len();
            let child = self.place[child];
            let branch = if last { "└── " } else { "├── " };
            write!(f, "{rails}{branch}{}", self.tasks[child])?;
            let bare = self.tasks[child].awaits.is_empty();
            if self.on_path[child] {
                writeln!(f, " (a circle: see above)")?;
            } else if self.shown[child] && !bare {
                writeln!(f, " (see above)")?;
            } else if path.len() >= DEEPEST && !bare {
                writeln!(f, " (see below)")?;
                self.below.push_back(child);
            } else {
                writeln!(f)?;
                rails.push_str(if last { "    " } else { "│   " });
                path.push(self.enter(child, rails.len()));
            }
        }
        Ok(())
    }

    fn enter(&mut self, place: usize, rails: usize) -> Step {
        self.shown[place] = true;
        self.on_path[place] = true;
        Step { place, drawn: 0, rails }
    }
}

impl fmt::Display for TaskNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state {
            TaskState::Running => write!(f, "{}: runs", self.name)?,
            TaskState::Cancelling => {
                write!(f, "{}: cancelling, waits for {}", self.name, self.waits_for)?
            }
            _ => write!(f, "{}: waits for {}", self.name, self.waits_for)?,
        }
        match self.spawned_at {
            Some(at) => write!(f, " (spawned at {at})"),
            None => Ok(()),
        }
    }
}
