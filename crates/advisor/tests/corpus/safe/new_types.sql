-- expect: nothing
CREATE TYPE colour AS ENUM ('red');
CREATE DOMAIN qty AS integer CHECK (VALUE > 0);
CREATE SEQUENCE s;
