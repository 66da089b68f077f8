import { z } from 'zod';

// Before any schema is made: to go faster zod would try `new Function`, and each try is a violation of the page's policy.
z.config({ jitless: true });
