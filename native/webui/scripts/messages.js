// Compiles the messages outside Vite, for the type check.
import { compile } from '@inlang/paraglide-js';
import { messages } from '../messages.config.js';

await compile(messages);
