//! A crawler: three workers over one queue of pages; each puts the links that it finds back
//! into the queue. The site is made up, and the fetch is a sleep.
//!
//!     cargo run --example 33_crawler
//!
//! Prints:
//!
//! ```text
//! worker 0 has /: 3 links
//! worker 0 has /about: 1 links
//! worker 2 has /team: 2 links
//! worker 1 has /blog: 3 links
//! worker 0 has /blog/2: no such page
//! worker 1 has /blog/1: 2 links
//! 6 pages were asked for, each once, at 120 ms
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! SITE = {"/": (20, ["/about", "/blog", "/team"]), "/about": (20, ["/"]), "/team": (40, ["/", "/about"]),
//!         "/blog": (60, ["/", "/blog/1", "/blog/2"]), "/blog/1": (40, ["/", "/blog/2"])}
//! async def work(number, pages, seen):
//!     while True:
//!         page = await pages.get()
//!         ms, links = SITE.get(page, (20, None))
//!         await asyncio.sleep(ms / 1000)
//!         print(f"worker {number} has {page}:", "no such page" if links is None else f"{len(links)} links")
//!         for link in links or ():
//!             if link not in seen: seen.add(link); pages.put_nowait(link)
//!         pages.task_done()
//! async def main():
//!     loop, pages, seen = asyncio.get_running_loop(), asyncio.Queue(), {"/"}
//!     begun = loop.time()
//!     pages.put_nowait("/")
//!     workers = [asyncio.create_task(work(number, pages, seen)) for number in range(3)]
//!     await pages.join()
//!     now = int((loop.time() - begun) * 50) * 20
//!     print(f"{len(seen)} pages were asked for, each once, at {now} ms")
//!     for worker in workers: worker.cancel()
//! asyncio.run(main())
//! ```
//!
//! Look at `task_done` in `queue_core.rs` to see why it ends.

use oneloop::sync::Queue;
use oneloop::{Clock, EventLoop, running_loop, sleep, spawn};
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

type Page = &'static str;

/// Each page, how long it takes to fetch, and its links.
const SITE: &[(Page, u64, &[Page])] = &[
    ("/", 20, &["/about", "/blog", "/team"]),
    ("/about", 20, &["/"]),
    ("/team", 40, &["/", "/about"]),
    ("/blog", 60, &["/", "/blog/1", "/blog/2"]),
    ("/blog/1", 40, &["/", "/blog/2"]),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Ok(EventLoop::builder().clock(Clock::AutoJump).build()?.run(async {
        let (pages, seen) = (Queue::new(0), Rc::new(RefCell::new(HashSet::from(["/"]))));
        pages.put_nowait("/").expect("it has no bound");
        let workers = [0, 1, 2].map(|number| spawn(work(number, pages.clone(), seen.clone())));
        pages.join().await;
        let (count, now) = (seen.borrow().len(), running_loop().expect("it runs").time());
        println!("{count} pages were asked for, each once, at {} ms", now.as_millis());
        for worker in workers {
            worker.cancel();
        }
    })?)
}

async fn work(number: u32, pages: Queue<Page>, seen: Rc<RefCell<HashSet<Page>>>) {
    while let Ok(page) = pages.get().await {
        let found = SITE.iter().find(|(path, ..)| *path == page);
        sleep(Duration::from_millis(found.map_or(20, |(_, ms, _)| *ms))).await;
        let links = found.map_or_else(|| "no such page".into(), |f| format!("{} links", f.2.len()));
        println!("worker {number} has {page}: {links}");
        for link in found.map_or(&[][..], |(.., links)| *links) {
            if seen.borrow_mut().insert(link) {
                pages.put_nowait(link).expect("it has no bound");
            }
        }
        pages.task_done().expect("it was put");
    }
}
