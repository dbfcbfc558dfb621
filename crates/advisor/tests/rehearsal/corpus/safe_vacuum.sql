-- expect: safe
vacuum (analyze) orders;
