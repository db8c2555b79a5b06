import { Queue, Worker } from "bullmq";

const [part, url, count] = process.argv.slice(2);
const connection = { path: url.replace("unix://", ""), maxRetriesPerRequest: null };
const [tasks, batch, concurrency] = [Number(count), 500, 10];

async function enqueue() {
  const queue = new Queue("bench", { connection });
  await queue.waitUntilReady();
  const began = performance.now();
  for (let first = 0; first < tasks; first += batch) {
    const size = Math.min(batch, tasks - first);
    const options = { attempts: 3, removeOnComplete: true };
    await queue.addBulk(Array.from({ length: size }, () => ({ name: "nothing", data: {}, opts: options })));
  }
  const seconds = (performance.now() - began) / 1000;
  await queue.close();
  return seconds;
}

async function work() {
  let [left, began] = [tasks, 0];
  const worker = new Worker("bench", async () => {}, { connection, concurrency, autorun: false });
  await worker.waitUntilReady();
  const over = new Promise((resolve) => {
    worker.on("active", () => { began ||= performance.now(); });
    worker.on("completed", () => { left -= 1; if (left === 0) resolve(); });
  });
  worker.run();
  await over;
  const seconds = (performance.now() - began) / 1000;
  await worker.close();
  return seconds;
}

console.log(await { enqueue, work }[part]());
process.exit(0);
