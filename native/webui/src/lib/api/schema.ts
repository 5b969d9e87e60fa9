/** The gateway’s API. Made from openapi.json by `npm run api`; not edited. */
export interface paths {
  '/api/v1/audit': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Rows of the tenant's audit log, the newest first. */
    get: {
      parameters: {
        query?: {
          /** @description `next` of the page before. */
          after?: number;
          format?: 'json' | 'csv';
          /** @description From this time on, in milliseconds since 1970. */
          from?: number;
          kind?: 'query' | 'login' | 'admin_action' | 'key_change';
          /** @description 1 to 1000; 100. A table for spreadsheets is not cut into pages. */
          limit?: number;
          /** @description Until just before this time. */
          to?: number;
          /** @description Only what this person did, by their id. */
          user?: string;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Rows */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['RowList'];
            'text/csv': string;
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/audit/verify': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Follows the tenant's audit log from its first row to its sealed end. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description What was found */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['VerifiedObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/keys': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The caller's keys; everybody's in the tenant for whoever may see them. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The oldest first */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['KeyList'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    /** Keeps a key. It is not tried: POST /api/v1/keys/check does that before, /test after. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['NewKeyBody'];
        };
      };
      responses: {
        /** @description Kept */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['KeyObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/keys/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** One key. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The key's id */
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The key */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['KeyObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    /** Removes a key with all its versions. What it was used for stays known. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The key's id */
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Removed */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    /** Calls a key something else, or limits what may be spent with it in a month. */
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The key's id */
          id: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['KeyBody'];
        };
      };
      responses: {
        /** @description The key */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['KeyObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    trace?: never;
  };
  '/api/v1/keys/{id}/revoke': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Revokes one version, or all, and forgets the secrets. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The key's id */
          id: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['RevokeBody'];
        };
      };
      responses: {
        /** @description The key */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['KeyObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/keys/{id}/rotate': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Puts another secret in force; the one before may work on for a while. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The key's id */
          id: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['RotateBody'];
        };
      };
      responses: {
        /** @description The key */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['KeyObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/keys/{id}/test': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Asks the provider whether the version in force works, and notes the answer. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The key's id */
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description What the provider says */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['TestedObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/keys/check': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Asks the provider whether it takes a key, and keeps nothing. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['CheckBody'];
        };
      };
      responses: {
        /** @description What the provider says */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['TestedObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/me': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Who the caller is and what they may do. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The caller */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Me'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/me/password': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    /** Changes the caller's password. All their sessions end, this one too. */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['Passwords'];
        };
      };
      responses: {
        /** @description Changed; log in again */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/people': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Everybody of the caller's tenant. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description In the order they came */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['PersonList'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    /** Adds somebody to the caller's tenant. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['NewPerson'];
        };
      };
      responses: {
        /** @description Added */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['PersonObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/people/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    /** Gives somebody another role, or lets them in or out. Their sessions end. */
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The person's id */
          id: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['PersonChange'];
        };
      };
      responses: {
        /** @description Changed */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['PersonObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    trace?: never;
  };
  '/api/v1/providers': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The providers whose keys can be brought, and what a key needs. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The providers */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ProviderList'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/reminders': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The keys that should be rotated now. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description What is due */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ReminderList'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/session': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The session that the cookie belongs to. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Still in */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['SessionObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    /** Logs in. The answer is the same whatever is wrong. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['Login'];
        };
      };
      responses: {
        /** @description In; with the session's cookie */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['SessionObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `rate.limited`, with `retry-after` */
        429: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    /** Ends the session. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Out; the cookie is cleared */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/settings': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The settings of the caller's tenant. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The settings */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['SettingsObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    /** Changes what is named and leaves the rest. */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['SettingsBody'];
        };
      };
      responses: {
        /** @description The settings */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['SettingsObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/setup': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Does nobody administer this gateway yet? */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Whether it must be set up */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Needed'];
          };
        };
      };
    };
    put?: never;
    /** Makes the first tenant and its administrator, and lets them in. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['Setup'];
        };
      };
      responses: {
        /** @description Set up, and in */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['SessionObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `rate.limited`, with `retry-after` */
        429: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/tokens': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The caller's tokens, oldest first, revoked ones included. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The caller's tokens */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['TokenList'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    /** Issues a token. It is shown this once; only a session can ask for one. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['NewTokenBody'];
        };
      };
      responses: {
        /** @description Issued */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['IssuedObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/tokens/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /** Revokes a token: from now on it lets nobody in. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The token's id */
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Revoked */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/usage': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Adds up what was used: one's own, everybody's for whoever may see it. */
    get: {
      parameters: {
        query?: {
          by?: 'key' | 'day' | 'model';
          format?: 'json' | 'csv';
          /** @description From this time on, in milliseconds since 1970; 30 days before `to`. */
          from?: number;
          /** @description Until just before this time; now. */
          to?: number;
          /** @description Only what this person asked. */
          user?: string;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Sums */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['UsageObject'];
            'text/csv': string;
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/usage/events': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The attempts themselves, the newest first. */
    get: {
      parameters: {
        query?: {
          /** @description `next` of the page before. */
          before?: string;
          format?: 'json' | 'csv';
          /** @description From this time on, in milliseconds since 1970; 30 days before `to`. */
          from?: number;
          /** @description 1 to 1000; 100. A table for spreadsheets is not cut into pages. */
          limit?: number;
          /** @description Until just before this time; now. */
          to?: number;
          /** @description Only what this person asked. */
          user?: string;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Attempts */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['EventList'];
            'text/csv': string;
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/vault': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Which master keys are in use. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Master keys in use */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['VaultObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/vault/rewrap': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Reads the master keys again, and wraps everything anew under the newest. Nothing stops meanwhile. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description What was done */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['RewrapObject'];
          };
        };
        /** @description `request.invalid`, with the field in `param` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.invalid`: no session or token in force */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden`: the role, the token's scopes, or the CSRF token */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found`, also for what is another tenant's */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.conflict`: taken, or changed meanwhile */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.invalid`: the body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/healthz': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Alive, and which build. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The process is alive */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Health'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/metrics': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Prometheus metrics. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Prometheus text format */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'text/plain': string;
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/openapi.json': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** This document. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description OpenAPI 3.1 */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': Record<string, never>;
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/readyz': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Ready for requests: not while it is stopping, nor while its database does not answer. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Send requests */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Readiness'];
          };
        };
        /** @description Send requests elsewhere */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Readiness'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/chat/completions': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Answers a chat completion with the model asked for, or with the one the router chooses (`auto`). */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      /** @description OpenAI's request; fields that are not listed pass through to the provider */
      requestBody: {
        content: {
          'application/json': components['schemas']['ChatBody'];
        };
      };
      responses: {
        /** @description OpenAI's answer, with a `convergio` object; or, with `stream`, its event stream */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ChatAnswer'];
          };
        };
        /** @description `request.invalid` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `byok.missing_key`, `auth.invalid` */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `budget.exceeded` */
        402: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `privacy.blocked`, `auth.forbidden` */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found` */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `provider.rate_limited`, `rate.limited` */
        429: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `provider.truncated` */
        502: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `provider.unavailable` */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `provider.timeout` */
        504: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/embeddings': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Makes vectors of texts with the model asked for. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      /** @description OpenAI's request; fields that are not listed pass through to the provider */
      requestBody: {
        content: {
          'application/json': components['schemas']['EmbeddingsBody'];
        };
      };
      responses: {
        /** @description OpenAI's list of embeddings, with a `convergio` object */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': Record<string, never>;
          };
        };
        /** @description `request.invalid` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `byok.missing_key`, `auth.invalid` */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `budget.exceeded` */
        402: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `privacy.blocked`, `auth.forbidden` */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `request.not_found` */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `provider.rate_limited`, `rate.limited` */
        429: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `provider.truncated` */
        502: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `provider.unavailable` */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `provider.timeout` */
        504: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/messages': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Answers a message with the model asked for, or with the one the router chooses (`auto`). */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      /** @description Anthropic's request; fields that are not listed pass through to Anthropic */
      requestBody: {
        content: {
          'application/json': components['schemas']['MessagesBody'];
        };
      };
      responses: {
        /** @description Anthropic's message, with a `convergio` object; or, with `stream`, its event stream */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': Record<string, never>;
          };
        };
        /** @description `request.invalid` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MessagesError'];
          };
        };
        /** @description `byok.missing_key`, `auth.invalid` */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MessagesError'];
          };
        };
        /** @description `budget.exceeded` */
        402: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MessagesError'];
          };
        };
        /** @description `privacy.blocked`, `auth.forbidden` */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MessagesError'];
          };
        };
        /** @description `request.not_found` */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MessagesError'];
          };
        };
        /** @description `provider.rate_limited`, `rate.limited` */
        429: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MessagesError'];
          };
        };
        /** @description `provider.truncated` */
        502: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MessagesError'];
          };
        };
        /** @description `provider.unavailable` */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MessagesError'];
          };
        };
        /** @description `provider.timeout` */
        504: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MessagesError'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/messages/count_tokens': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Counts the tokens of a message: Anthropic's own count for its models, an estimate for others. */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      /** @description Anthropic's request, without `max_tokens` */
      requestBody: {
        content: {
          'application/json': components['schemas']['MessagesBody'];
        };
      };
      responses: {
        /** @description `input_tokens`; with `convergio.estimated` when nobody counted */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': Record<string, never>;
          };
        };
        /** @description `request.invalid` */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MessagesError'];
          };
        };
        /** @description `byok.missing_key`, `auth.invalid` */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MessagesError'];
          };
        };
        /** @description `request.not_found` */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MessagesError'];
          };
        };
        /** @description `provider.rate_limited`, `rate.limited` */
        429: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MessagesError'];
          };
        };
        /** @description `provider.unavailable` */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MessagesError'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/models': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The models that can be asked, and `auto`, which lets the gateway choose. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The catalogue; with accounts, for somebody who says who asks, what their keys reach */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ModelList'];
          };
        };
        /** @description `auth.invalid` */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden` */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/models/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** One model of the catalogue. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description A name from the catalogue */
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The model */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ModelObject'];
          };
        };
        /** @description `auth.invalid` */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description `auth.forbidden` */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
        /** @description No such model */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ErrorBody'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    /** @description Versions of the gateway and of the C core inside it. */
    About: {
      /**
       * Format: int32
       * @description ABI of the C core, as the linked library reports it.
       */
      core_abi: number;
      /** @description SemVer of the C core, as the linked library reports it. */
      core_version: string;
      /** @description `master`, `education`, `business` or `developer`. */
      edition: string;
      /** @description `convergio-gateway`. */
      name: string;
      /**
       * @description SemVer of the gateway.
       * @example 7.0.0-rc1
       */
      version: string;
    };
    /** @description The first row that is not what was written. */
    BrokenObject: {
      fault: string;
      /** Format: int64 */
      row: number;
    };
    /**
     * @description What to add up by.
     * @enum {string}
     */
    By: 'key' | 'day' | 'model';
    /** @description OpenAI's chat completion, with who answered. */
    ChatAnswer: {
      choices: Record<string, never>[];
      /** @description Who answered, on whose key, why, and what it cost. */
      convergio: components['schemas']['Receipt'];
      id: string;
      model: string;
      /** @description `chat.completion`. */
      object: string;
      usage: Record<string, never>;
    };
    /** @description OpenAI's chat-completion request, as far as the gateway reads it. */
    ChatBody: {
      /**
       * Format: int64
       * @description Ceiling of the answer in tokens.
       */
      max_completion_tokens?: number | null;
      /** @description The conversation, oldest first. */
      messages: components['schemas']['ChatMessage'][];
      /**
       * @description A name from `/v1/models`; `auto` lets the gateway choose.
       * @example auto
       */
      model: string;
      /** @description Answer as an event stream. */
      stream?: boolean | null;
    };
    /** @description One message. */
    ChatMessage: {
      /** @description Text, a list of parts, or null. */
      content?: Record<string, never> | null;
      /** @description `system`, `developer`, `user`, `assistant` or `tool`. */
      role: string;
    };
    /** @description A key to be tried and not kept. */
    CheckBody: {
      endpoint?: components['schemas']['EndpointObject'] | null;
      provider: components['schemas']['ProviderName'];
      /** Format: password */
      secret: string;
    };
    /** @description Points of the complexity score, by feature. */
    ComplexityReport: {
      /** Format: int32 */
      base: number;
      /** Format: int32 */
      code: number;
      /** Format: int32 */
      everyday: number;
      /** Format: int32 */
      given: number;
      /** Format: int32 */
      length: number;
      /** Format: int32 */
      math: number;
      /** Format: int32 */
      reasoning: number;
      /** Format: int32 */
      score: number;
      /** Format: int32 */
      structure: number;
      /** Format: int32 */
      subject: number;
      /** Format: int32 */
      version: number;
      /** Format: int32 */
      vocabulary: number;
    };
    /** @description A model of the other place: what staying saved, or what going away cost. */
    Elsewhere: {
      /**
       * Format: int64
       * @description Upper estimate of its cost, nano-dollars.
       */
      estimated_cost_nano_usd: number;
      /** @description The model. */
      model: string;
      /** @description Its provider. */
      provider: string;
    };
    /** @description OpenAI's request for embeddings, as far as the gateway reads it. */
    EmbeddingsBody: {
      /**
       * Format: int64
       * @description Length of the vectors, where the model lets one choose.
       */
      dimensions?: number | null;
      /** @description `float` or `base64`. */
      encoding_format?: string | null;
      /** @description Text, tokens, or a list of either. */
      input: Record<string, never>;
      /**
       * @description A name from `/v1/models` of one that `serves` embeddings.
       * @example text-embedding-3-small
       */
      model: string;
    };
    /** @description Where a provider is, for those who give each customer an address (Azure). */
    EndpointObject: {
      /** @description With it a deployment is called by its own address. */
      api_version?: string | null;
      /** @description The deployment of each model, where it is not named like the model. */
      deployments?: {
        [key: string]: string;
      };
      /** @description Such as `https://name.openai.azure.com`. */
      endpoint: string;
      /** @description Where the resource is; prices may depend on it. */
      region?: string | null;
    };
    /** @description Every error. */
    ErrorBody: {
      error: components['schemas']['ErrorObject'];
    };
    /** @description OpenAI's error object, with our stable code. */
    ErrorObject: {
      /** @description Stable, such as `byok.missing_key`. */
      code: string;
      /** @description What happened and what to do next. */
      message: string;
      /** @description The field at fault. */
      param?: string | null;
      /** @description What the provider itself said: `provider`, `status`, `code`, `type`, `message`. */
      provider?: Record<string, never> | null;
      /** @description The nearest of OpenAI's error types. */
      type: string;
    };
    /** @description Attempts. */
    EventList: {
      /** @description The newest first. */
      data: components['schemas']['EventObject'][];
      /** @description `before` of the next page. */
      next: string | null;
    };
    /** @description One attempt at a provider. */
    EventObject: {
      /**
       * Format: int64
       * @description When it ended.
       */
      at: number;
      /**
       * Format: int64
       * @description From 1.
       */
      attempt: number;
      /** Format: int64 */
      cache_write_long_tokens: number;
      /** Format: int64 */
      cache_write_tokens: number;
      /** Format: int64 */
      cached_tokens: number;
      /** Format: int64 */
      cost_nano_usd: number;
      /** @description `user`, `house` or `none`. */
      credential_source: string;
      /** @description The provider did not tell; it is an estimate. */
      estimated: boolean;
      /** Format: int64 */
      first_token_ms: number | null;
      /** Format: int64 */
      input_tokens: number;
      key: string | null;
      /** Format: int64 */
      key_version: number | null;
      /** Format: int64 */
      latency_ms: number;
      model: string;
      /** @description `ok`, `cancelled`, or a stable code. */
      outcome: string;
      /** Format: int64 */
      output_tokens: number;
      /** @description Of the price table it was computed with. */
      price_digest: string;
      provider: string;
      /** Format: int64 */
      reasoning_tokens: number;
      region: string | null;
      request_id: string;
      user: string;
    };
    /**
     * @description What a model can do beyond text.
     * @enum {string}
     */
    Feature: 'tools' | 'vision';
    /** @description What a form for a key has to ask for. */
    Field: {
      example: string;
      /** @description Where it goes in the body of POST /api/v1/keys; a dot leads into an object. */
      name: string;
      required: boolean;
      /** @description It must not be shown while it is typed. */
      secret: boolean;
      title: string;
    };
    /** @description Liveness and versions. */
    Health: components['schemas']['About'] & {
      /** @description `ok`. */
      status: string;
    };
    /** @description A token that was just issued. */
    IssuedObject: components['schemas']['TokenObject'] & {
      /** @description `cvg_…`, shown this once. */
      token: string;
    };
    /** @description What is to be changed; the rest stays. */
    KeyBody: {
      /**
       * Format: int64
       * @description The most that may be spent with it in a month, in nano-dollars; null is no limit.
       */
      monthly_limit_nano_usd?: number | null;
      name?: string | null;
    };
    /** @description Keys. */
    KeyList: {
      data: components['schemas']['KeyObject'][];
    };
    /** @description What was spent with a key this month, by UTC. */
    KeyMonth: {
      /** Format: int64 */
      cost_nano_usd: number;
      /**
       * Format: int64
       * @description What the limit leaves, calls on their way counted with the most that they may cost; null
       *     without a limit.
       */
      left_nano_usd: number | null;
      level: components['schemas']['LevelName'] | null;
      /**
       * Format: int64
       * @description When it began, in milliseconds since 1970.
       */
      since: number;
    };
    /** @description A key, without the key. */
    KeyObject: {
      /** Format: int64 */
      created_at: number;
      endpoint: components['schemas']['EndpointObject'] | null;
      id: string;
      month: components['schemas']['KeyMonth'];
      /**
       * Format: int64
       * @description The most that may be spent with it in a month, in nano-dollars.
       */
      monthly_limit_nano_usd: number | null;
      name: string;
      provider: string;
      /** @description `ok`, or a stable code. */
      test_outcome: string | null;
      /**
       * Format: int64
       * @description When the version in force was last tested.
       */
      tested_at: number | null;
      usage_30d: components['schemas']['KeyUsage'];
      /** @description The id of whoever brought it. */
      user: string;
      /** @description The oldest first. */
      versions: components['schemas']['VersionObject'][];
    };
    /** @description What a key was used for in the last 30 days. */
    KeyUsage: {
      /** Format: int64 */
      cost_nano_usd: number;
      /** Format: int64 */
      requests: number;
    };
    /** @description One model. */
    Known: {
      /**
       * Format: int32
       * @description 0..=1000, on the scale of the core's complexity score.
       */
      capability: number;
      /**
       * Format: int64
       * @description Tokens it can hold, prompt and answer together.
       */
      context_window: number;
      /** @description What it can do beyond text. */
      features?: components['schemas']['Feature'][];
      /** @description The name the provider knows it by. */
      id: string;
      /** @description Where it runs. */
      locality?: components['schemas']['Locality'];
      /**
       * Format: int64
       * @description Longest answer in tokens; 1 for vectors.
       */
      max_output_tokens: number;
      /** @description What it costs. */
      price?: components['schemas']['Price'];
      /** @description The provider that serves it: one of [`PROVIDERS`]. */
      provider: string;
      /** @description What it is asked for. */
      serves?: components['schemas']['Serves'];
      usable?: null | boolean;
    };
    /**
     * @description How near a key is to its monthly limit.
     * @enum {string}
     */
    LevelName: 'normal' | 'alert' | 'cheaper' | 'blocked';
    /**
     * @description Where a model runs.
     * @enum {string}
     */
    Locality: 'cloud' | 'local';
    /** @description Who logs in. */
    Login: {
      email: string;
      /** Format: password */
      password: string;
    };
    /** @description The caller. */
    Me: {
      /** @description What they may do, the way they came. */
      permissions: string[];
      /** @description What the token is good for; null for a session, which is good for everything. */
      scopes: components['schemas']['ScopeName'][] | null;
      tenant: components['schemas']['TenantObject'];
      /** @description `session` or `token`. */
      through: string;
      user: components['schemas']['UserObject'];
    };
    /** @description Anthropic's request, as far as the gateway reads it. */
    MessagesBody: {
      /**
       * Format: int64
       * @description Ceiling of the answer in tokens.
       */
      max_tokens: number;
      /** @description The conversation, oldest first; `content` is text or a list of blocks. */
      messages: Record<string, never>[];
      /**
       * @description A name from `/v1/models`; `auto` lets the gateway choose.
       * @example auto
       */
      model: string;
      /** @description Answer as an event stream. */
      stream?: boolean | null;
    };
    /** @description Anthropic's error, with our stable code. */
    MessagesError: {
      /** @description `type` is the nearest of Anthropic's error types. */
      error: components['schemas']['ErrorObject'];
      /** @description `error`. */
      type: string;
    };
    /** @description The catalogue. */
    ModelList: {
      data: components['schemas']['ModelObject'][];
      /** @description `list`. */
      object: string;
    };
    /** @description One model. */
    ModelObject: {
      convergio?: components['schemas']['Known'] | null;
      /**
       * Format: int64
       * @description Always 0: the catalogue does not say when a model was made.
       */
      created: number;
      /** @description What to write as `model`. */
      id: string;
      /** @description `model`. */
      object: string;
      /** @description The provider; `convergio` for the one that chooses. */
      owned_by: string;
    };
    /** @description Whether somebody must set the gateway up. */
    Needed: {
      /** @description True in a demo, where every provider is simulated; else left out. */
      demo?: boolean;
      needed: boolean;
    };
    /** @description A key that somebody brings. */
    NewKeyBody: {
      endpoint?: components['schemas']['EndpointObject'] | null;
      /**
       * Format: int64
       * @description The most that may be spent with it in a month, in nano-dollars; null is no limit.
       */
      monthly_limit_nano_usd?: number | null;
      /** @description What it is called. */
      name: string;
      provider: components['schemas']['ProviderName'];
      /**
       * Format: password
       * @description The key itself. It is sealed, and nothing shows more of it than its last four characters.
       */
      secret: string;
    };
    /** @description Somebody new. */
    NewPerson: {
      email: string;
      /**
       * Format: password
       * @description Their first one, 12 characters or more.
       */
      password: string;
      role: components['schemas']['RoleName'];
    };
    /** @description A token that somebody wants. */
    NewTokenBody: {
      /**
       * Format: int64
       * @description When it ends by itself, in milliseconds since 1970.
       */
      expires_at?: number | null;
      /** @description What it is called. */
      name: string;
      scopes: components['schemas']['ScopeName'][];
    };
    /** @description A change of the caller's own password. */
    Passwords: {
      /**
       * Format: password
       * @description 12 characters or more.
       */
      new: string;
      /** Format: password */
      old: string;
    };
    /** @description A change to somebody. */
    PersonChange: {
      /** @description May they not log in? */
      disabled?: boolean | null;
      role?: components['schemas']['RoleName'] | null;
    };
    /** @description Everybody. */
    PersonList: {
      data: components['schemas']['PersonObject'][];
    };
    /** @description Somebody. */
    PersonObject: {
      /** Format: int64 */
      created_at: number;
      /**
       * Format: int64
       * @description Since when they may not log in.
       */
      disabled_at: number | null;
      email: string;
      id: string;
      role: components['schemas']['RoleName'];
    };
    /** @description Nano-dollars per million tokens, by kind of token. */
    Price: {
      /**
       * Format: int64
       * @description Prompt tokens written to the provider's cache; 0 where that costs no more than reading them.
       */
      cache_write?: number;
      /**
       * Format: int64
       * @description Prompt tokens from the provider's cache.
       */
      cached_input: number;
      /**
       * Format: int64
       * @description Prompt tokens that were not cached.
       */
      input: number;
      /**
       * Format: int64
       * @description Answer tokens.
       */
      output: number;
      /**
       * Format: int64
       * @description Hidden reasoning tokens.
       */
      reasoning: number;
    };
    /** @description The providers. */
    ProviderList: {
      data: components['schemas']['ProviderObject'][];
    };
    /**
     * @description Whose keys can be brought.
     * @enum {string}
     */
    ProviderName: 'openai' | 'anthropic' | 'google' | 'azure';
    /** @description A provider. */
    ProviderObject: {
      fields: components['schemas']['Field'][];
      /** @description Its models in the catalogue. */
      models: string[];
      /** @description What to write as `provider`. */
      name: string;
      /** @description A key must come with its `endpoint`. */
      needs_endpoint: boolean;
      title: string;
    };
    /** @description Whether requests should be sent here. */
    Readiness: {
      /** @description `ready`, `draining` or `database`: it does not answer. */
      status: string;
    };
    /** @description Who answered, on whose key, and what it cost. Travels with every answer as `convergio`. */
    Receipt: {
      /**
       * Format: int64
       * @description Nano-dollars at list price; absent until the answer is over.
       */
      cost_nano_usd?: number | null;
      /** @description `user` or `house`. */
      credential_source: string;
      /** @description The model that was chosen first and could not answer. */
      fallback_from?: string | null;
      /** @description The model that answered. */
      model: string;
      /** @description SHA-256 of the prices that say so, in hex. */
      price_table?: string | null;
      /** @description The provider that answered. */
      provider: string;
      /** @description Why this model was chosen. */
      route: components['schemas']['RouteReport'];
      usage?: components['schemas']['Usage'] | null;
    };
    /** @description Keys that should be rotated. */
    ReminderList: {
      data: components['schemas']['ReminderObject'][];
    };
    /** @description A key whose owner should rotate it. */
    ReminderObject: {
      /** Format: int64 */
      due_at: number;
      /** @description The key's id. */
      key: string;
      name: string;
      provider: string;
      stage: components['schemas']['StageName'];
      /** Format: int64 */
      version: number;
    };
    /** @description Candidates that each stage removed. */
    Removed: {
      /** Format: int32 */
      budget: number;
      /** Format: int32 */
      capability: number;
      /** Format: int32 */
      fit: number;
      /** Format: int32 */
      health: number;
      /** Format: int32 */
      host: number;
      /** Format: int32 */
      offline: number;
      /** Format: int32 */
      privacy: number;
    };
    /** @description Which version to revoke. */
    RevokeBody: {
      /**
       * Format: int64
       * @description All of them when absent.
       */
      version?: number | null;
    };
    /** @description What wrapping anew did. */
    RewrapObject: {
      /** @description They are as they were; the log says why. */
      failed: number;
      /** Format: int64 */
      moved: number;
      /**
       * Format: int32
       * @description The version everything is under now, but for what failed.
       */
      to: number;
    };
    /**
     * @description What a person is to their tenant.
     * @enum {string}
     */
    RoleName: 'user' | 'admin' | 'auditor';
    /** @description Another secret. */
    RotateBody: {
      /**
       * Format: int32
       * @description For so long the one before works on; 0, and it is revoked at once.
       */
      overlap_hours?: number;
      /** Format: password */
      secret: string;
    };
    /** @description What was decided, and why. */
    RouteReport: {
      /** @description Whether the chosen model reaches the complexity score. */
      capable: boolean;
      /** @description How demanding the newest user message looks. */
      complexity: components['schemas']['ComplexityReport'];
      elsewhere?: components['schemas']['Elsewhere'] | null;
      /**
       * Format: int64
       * @description Upper estimate of the cost with the chosen model, nano-dollars.
       */
      estimated_cost_nano_usd: number;
      /** @description One line with the whole decision. */
      explanation: string;
      /** @description Models to try when the chosen one cannot be reached, in order. */
      fallbacks: string[];
      /**
       * Format: int64
       * @description Estimated tokens of the prompt.
       */
      input_tokens: number;
      /** @description The chosen model. */
      model: string;
      /** @description Its provider. */
      provider: string;
      /** @description Stable name of the reason, such as `cheapest_capable`. */
      reason: string;
      /** @description The same for people. */
      reason_text: string;
      /** @description Candidates removed, by stage. */
      removed: components['schemas']['Removed'];
    };
    /** @description Rows. */
    RowList: {
      /** @description The newest first. */
      data: components['schemas']['RowObject'][];
      /**
       * Format: int64
       * @description `after` of the next page.
       */
      next: number | null;
    };
    /** @description A row; which fields it has beyond the first follows from `kind`. */
    RowObject: {
      /** @description Admin actions and key changes: what was done. */
      action?: string | null;
      /** Format: int64 */
      at: number;
      /**
       * Format: int64
       * @description Queries.
       */
      cost_nano_usd?: number | null;
      /** @description Logins: with what. */
      device?: string | null;
      /** @description Logins: from where. */
      ip?: string | null;
      /** @description `query`, `login`, `admin_action` or `key_change`. */
      kind: string;
      /** @description Queries: what answered. */
      model?: string | null;
      request_id: string;
      /**
       * Format: int64
       * @description Its number, from 1, without gaps.
       */
      seq: number;
      /** @description Logins. */
      success?: boolean | null;
      /** @description Admin actions: to what. */
      target?: string | null;
      /**
       * Format: int64
       * @description Queries: tokens of all kinds.
       */
      tokens?: number | null;
      /** @description Who did it. */
      user: string;
    };
    /**
     * @description What a token is good for.
     * @enum {string}
     */
    ScopeName: 'chat' | 'keys' | 'usage' | 'admin' | 'audit';
    /**
     * @description What a model is asked for.
     * @enum {string}
     */
    Serves: 'chat' | 'embeddings';
    /** @description A session, as its owner sees it. */
    SessionObject: {
      /** @description To come back with every change, as `x-csrf-token`. */
      csrf: string;
      /** @description True in a demo, where every provider is simulated; else left out. */
      demo?: boolean;
      /**
       * Format: int64
       * @description When the session ends, in milliseconds since 1970.
       */
      expires_at: number;
      /**
       * @description What they may do: `chat`, `own_keys`, `own_usage`, `all_keys`, `all_usage`, `people`,
       *     `settings`, `read_audit`.
       */
      permissions: string[];
      tenant: components['schemas']['TenantObject'];
      user: components['schemas']['UserObject'];
    };
    /** @description What is to be changed; the rest stays. */
    SettingsBody: {
      /**
       * Format: int32
       * @description 0 is never.
       */
      keys_max_age_days?: number | null;
      /**
       * Format: int32
       * @description Null is no limit.
       */
      requests_per_minute?: number | null;
    };
    /** @description The settings of a tenant. */
    SettingsObject: {
      /**
       * Format: int32
       * @description When keys fall due, in days after they were added; 0 is never.
       */
      keys_max_age_days: number;
      /**
       * Format: int32
       * @description The most requests a minute of each person; null is no limit.
       */
      requests_per_minute: number | null;
    };
    /** @description Who sets the gateway up. */
    Setup: {
      email: string;
      /**
       * Format: password
       * @description 12 characters or more.
       */
      password: string;
      /** @description What the first tenant is to be called. */
      tenant: string;
      /** @description What stands behind `#` in the link. */
      token: string;
    };
    /**
     * @description How urgent a rotation is.
     * @enum {string}
     */
    StageName: 'due_in_14_days' | 'due_in_7_days' | 'due_in_1_day' | 'overdue';
    /**
     * @description Where a version of a key is in its life.
     * @enum {string}
     */
    StateName: 'active' | 'overlapping' | 'revoked';
    /** @description People and keys that may see each other. */
    TenantObject: {
      id: string;
      name: string;
    };
    /** @description What a provider says of a key. */
    TestedObject: {
      /** @description The same in words. */
      message: string;
      /** @description The models that the key may ask. */
      models: string[];
      /** @description `ok`, or the stable code of what went wrong. */
      outcome: string;
    };
    /** @description The caller's tokens. */
    TokenList: {
      data: components['schemas']['TokenObject'][];
    };
    /** @description A token, without the token. */
    TokenObject: {
      /** Format: int64 */
      created_at: number;
      /** Format: int64 */
      expires_at: number | null;
      id: string;
      /**
       * Format: int64
       * @description To the minute.
       */
      last_used_at: number | null;
      name: string;
      /** Format: int64 */
      revoked_at: number | null;
      scopes: components['schemas']['ScopeName'][];
    };
    /** @description A sum over attempts. */
    TotalObject: {
      /** Format: int64 */
      attempts: number;
      /** Format: int64 */
      cache_write_tokens: number;
      /** Format: int64 */
      cached_tokens: number;
      /** Format: int64 */
      cost_nano_usd: number;
      /**
       * Format: int64
       * @description How many of the attempts are estimates.
       */
      estimated: number;
      /** @description What they have in common: a key's id, days since 1970, `provider/model`. */
      group: string;
      /**
       * Format: int64
       * @description Neither read from nor written to a cache.
       */
      input_tokens: number;
      /** @description The same for people. */
      label: string;
      /** Format: int64 */
      output_tokens: number;
      /** Format: int64 */
      reasoning_tokens: number;
      /**
       * Format: int64
       * @description However many attempts one took, it counts once.
       */
      requests: number;
    };
    /** @description Tokens as OpenAI reports them: totals that include their parts. */
    Usage: {
      /**
       * Format: int64
       * @description Of those, the ones to be kept longer, at a price of their own.
       */
      cache_write_long_tokens?: number;
      /**
       * Format: int64
       * @description Prompt tokens written to the provider's cache, where it charges for that.
       */
      cache_write_tokens?: number;
      /**
       * Format: int64
       * @description Prompt tokens from the provider's cache.
       */
      cached_tokens?: number;
      /**
       * Format: int64
       * @description Answer tokens, reasoning included.
       */
      completion_tokens: number;
      /** @description The provider reported nothing; these are our own estimates. */
      estimated?: boolean;
      /**
       * Format: int64
       * @description Prompt tokens, cached ones included.
       */
      prompt_tokens: number;
      /**
       * Format: int64
       * @description Hidden reasoning tokens.
       */
      reasoning_tokens?: number;
      /**
       * Format: int64
       * @description Both.
       */
      total_tokens: number;
    };
    /** @description Sums over attempts. */
    UsageObject: {
      by: components['schemas']['By'];
      /** @description The costliest first. */
      data: components['schemas']['TotalObject'][];
      /** Format: int64 */
      from: number;
      /** Format: int64 */
      to: number;
      total: components['schemas']['TotalObject'];
    };
    /** @description Somebody. */
    UserObject: {
      email: string;
      id: string;
      role: components['schemas']['RoleName'];
    };
    /** @description Which master keys seal how much. */
    VaultObject: {
      /** @description How many secrets each version seals; one that is not here may be forgotten. */
      in_use: {
        [key: string]: number;
      };
      /**
       * Format: int32
       * @description The version that seals from now on.
       */
      primary: number;
    };
    /** @description What following the log from its first row to its sealed end found. */
    VerifiedObject: {
      broken: components['schemas']['BrokenObject'] | null;
      /** @description The digest of the last: keep it elsewhere, and a later history must have it there. */
      head: string | null;
      ok: boolean;
      /**
       * Format: int64
       * @description How many rows are what was written.
       */
      rows: number;
    };
    /** @description One version of a key. */
    VersionObject: {
      /** Format: int64 */
      created_at: number;
      /**
       * Format: int64
       * @description When it should be rotated.
       */
      due_at: number | null;
      /** @description Tells secrets apart without telling them. */
      fingerprint: string;
      last_four: string;
      /** Format: int64 */
      overlap_until: number | null;
      /** Format: int64 */
      revoked_at: number | null;
      stage: components['schemas']['StageName'] | null;
      state: components['schemas']['StateName'];
      /** Format: int64 */
      version: number;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
