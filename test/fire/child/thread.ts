// Loaded into the thread of the database before anything of its own: the thread that started it watches its I/O.
import { watchIoHere } from '../support/io.ts';
import { watchedFrom } from '../support/threads.ts';

const { folder, hook } = watchedFrom();
watchIoHere(folder, hook);
